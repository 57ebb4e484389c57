/* Items that depend on each other, declared on the .form-group: data-applies, data-required-when, data-code-parent, data-default, data-default-after;
   data-exclusive on a list of check boxes. The server checks the same rules again. */
(function () {
  'use strict';
  const words = document.getElementById('words').dataset;
  const json = text => { try { return JSON.parse(text); } catch (e) { return null; } };
  const controls = g => Array.from(g.querySelectorAll('input[name], select[name], textarea[name]'));
  const kept = new WeakMap();      // group → what stood there before it was locked
  const choices = new WeakMap();   // select → all its options

  const find = (from, name) => {
    const root = from.closest('[data-scope]') || from.closest('form') || document;
    const exact = '[data-item="' + CSS.escape(name) + '"]', last = '[data-item$=".' + CSS.escape(name) + '"]';
    const own = from.dataset.item.includes('.') ? root.querySelector('[data-item="' + CSS.escape(from.dataset.item.split('.')[0] + '.' + name) + '"]') : null;
    return root.querySelector(exact) || own || root.querySelector(last) || root.querySelector('[data-item="' + CSS.escape(name.split('.').pop()) + '"]');
  };
  const read = g => {
    if (g.dataset.fixed !== undefined) return (g.dataset.value || '').split(',').filter(Boolean);
    return controls(g).filter(c => !/^(radio|checkbox)$/.test(c.type) || c.checked).flatMap(c => (picked(c) ? c.value.split(',') : [c.value])).filter(Boolean);
  };
  const write = (g, values) => controls(g).forEach(c => {
    if (/^(radio|checkbox)$/.test(c.type)) c.checked = values.includes(c.value); else c.value = picked(c) ? values.join(',') : values[0] || '';
  });
  const picked = c => c.dataset.picked !== undefined;      // the hidden input of a picker, see picker.js
  const tell = g => controls(g).filter(picked).forEach(c => c.dispatchEvent(new Event('set')));

  // {"item":"x","in":["1"]} or {"item":"x","not_in":["1"]}; a list, {"all":[…]} and {"any":[…]} join them; an item that is not on the page decides nothing
  const holds = (rule, g) => {
    if (!rule) return true;
    if (Array.isArray(rule)) return rule.every(r => holds(r, g));
    if (rule.all) return rule.all.every(r => holds(r, g));
    if (rule.any) return rule.any.some(r => holds(r, g));
    const other = find(g, rule.item); if (!other) return null;
    const values = read(other);
    if (rule.in) return values.some(v => rule.in.map(String).includes(v));
    if (rule.not_in) return !values.some(v => rule.not_in.map(String).includes(v));
    return values.length > 0;
  };

  const lock = (g, locked) => {
    if (g.classList.contains('not-applicable') === locked) return false;
    g.classList.toggle('not-applicable', locked);
    let note = g.querySelector('.na-note');
    if (locked) {
      kept.set(g, read(g)); write(g, []);
      g.querySelectorAll('.field-error, .field-warn').forEach(p => p.remove()); g.classList.remove('has-error');
      if (!note) { note = document.createElement('p'); note.className = 'help-block na-note'; g.appendChild(note); }
      note.textContent = g.dataset.appliesNote || words.na;
    } else {
      const first = g.dataset.default !== undefined ? g.dataset.default.split(',') : kept.get(g) || [];
      if (note) note.remove();
      if (!read(g).length) write(g, first);
    }
    controls(g).forEach(c => { c.disabled = locked || c.dataset.off !== undefined; if (locked) c.setAttribute('aria-disabled', 'true'); else c.removeAttribute('aria-disabled'); });
    tell(g);
    return true;
  };

  const star = (g, on) => {
    let em = g.querySelector('.req'); const label = g.querySelector('.control-label');
    if (!em && on && label) { em = document.createElement('em'); em.className = 'req'; em.textContent = '*'; em.setAttribute('aria-hidden', 'true'); label.appendChild(em); }
    if (em) em.hidden = !on;
    controls(g).forEach(c => { if (on) c.setAttribute('aria-required', 'true'); else c.removeAttribute('aria-required'); });
    tell(g);
  };

  // a picker offers what hangs on the other item's code, and forgets what does not
  const narrowPicker = (g, box, parent) => {
    const list = document.getElementById(box.dataset.list), mine = read(g)[0], option = list && Array.from(list.options).find(o => o.dataset.code === mine);
    box.dataset.only = parent;
    if (!parent || !option || !option.dataset.parent || option.dataset.parent.split(' ').includes(parent)) return false;
    write(g, []); tell(g);
    return true;
  };

  // options of a select that hang on another item: by prefix of the code, or by the option's data-parent
  const narrow = g => {
    const rule = json(g.dataset.codeParent), select = g.querySelector('select[name]'), box = g.querySelector('[data-picker]'), other = rule && (select || box) && find(g, rule.item);
    if (!other) return false;
    if (box) return narrowPicker(g, box, read(other)[0] || '');
    if (!choices.has(select)) choices.set(select, Array.from(select.options));
    const parent = read(other)[0] || '', before = select.value;
    const fits = o => !o.value || !parent || (rule.by === 'parent' ? !o.dataset.parent || o.dataset.parent.split(' ').includes(parent) : o.value.startsWith(parent));
    const wanted = choices.get(select).filter(fits);
    if (wanted.length !== select.options.length || wanted.some((o, i) => select.options[i] !== o)) select.replaceChildren(...wanted);
    select.value = wanted.some(o => o.value === before) ? before : '';
    return select.value !== before;
  };

  const apply = root => {
    for (let round = 0, changed = true; changed && round < 8; round += 1) {
      changed = false;
      root.querySelectorAll('[data-code-parent]').forEach(g => { changed = narrow(g) || changed; });
      root.querySelectorAll('[data-applies]:not([data-fixed])').forEach(g => {
        const yes = holds(json(g.dataset.applies), g);
        if (yes !== null) changed = lock(g, !yes) || changed;
      });
    }
    root.querySelectorAll('[data-required-when]').forEach(g => {
      const yes = holds(json(g.dataset.requiredWhen), g);
      if (yes !== null) star(g, yes && !g.classList.contains('not-applicable'));
    });
  };

  // an item whose usual value hangs on another one: ["is_staffed", {"1": "1", "0": "2"}]; what somebody chose otherwise stays
  const follow = (form, target) => {
    const changed = target.closest('[data-item]');
    form.querySelectorAll('[data-default-after]:not([data-fixed])').forEach(g => {
      const rule = json(g.dataset.defaultAfter), other = rule && find(g, rule[0]), usual = other === changed ? rule[1][read(other)[0]] : '';
      if (usual && read(g).every(v => Object.values(rule[1]).includes(v))) { write(g, [usual]); tell(g); }
    });
  };

  document.addEventListener('change', e => {
    const box = e.target.closest && e.target.closest('[data-exclusive]');
    if (box && e.target.checked) {
      const alone = box.dataset.exclusive.split(',').map(s => s.trim()), me = alone.includes(e.target.value);
      box.querySelectorAll('input[type=checkbox]').forEach(c => { if (c !== e.target && (me || alone.includes(c.value))) c.checked = false; });
    }
    const form = e.target.closest && e.target.closest('form');
    if (form && form.querySelector('[data-item]')) { follow(form, e.target); apply(form); }
  });
  document.querySelectorAll('form').forEach(f => { if (f.querySelector('[data-item]')) apply(f); });
}());
