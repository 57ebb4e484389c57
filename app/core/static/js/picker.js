/* Pickers: a text field in which the codes of a long table are searched and browsed (WAI-ARIA combobox with a listbox).
   [data-picker] holds the field; its rows stand in a <datalist> (data-list) or are asked for (data-find). A hidden input takes over
   the field's name and holds the code; what is typed and not chosen is sent as typed, the server reads names too.
   conditions.js writes into the hidden input and says so by the event 'set'; data-only limits the rows to one parent. */
(function () {
  'use strict';
  const words = document.getElementById('words').dataset;
  const ALL_AT_ONCE = 80, MOST_FOUND = 50, WAIT = 180;   // longer trees are browsed level by level
  const NUMBER = /\d{7}/;                                // no code is so long: a pasted ID number must not stand in an address
  const norm = text => text.normalize('NFKC').toLowerCase().replace(/\s/g, '');
  const make = (tag, cls, text) => { const e = document.createElement(tag); if (cls) e.className = cls; if (text) e.textContent = text; return e; };
  let made = 0;

  // ── rows that stand in the page; the ranks are those of code_list.py ──

  const embedded = list => {
    const options = Array.from(list.options).map(o => ({
      code: o.dataset.code, text: o.value, name: o.value.replace(o.dataset.code + '-', ''), parent: o.dataset.parent || '', open: !o.disabled,
      words: [o.value.replace(o.dataset.code + '-', ''), ...(o.dataset.words || '').split('|').filter(Boolean)].map(norm),
      sound: (o.dataset.sound || '').replace(/ /g, ''), initials: (o.dataset.sound || '').split(' ').map(s => s[0]).join('')
    }));
    const byCode = new Map(options.map(o => [o.code, o])), below = new Map();
    options.forEach(o => { const key = byCode.has(o.parent) ? o.parent : ''; below.set(key, [...(below.get(key) || []), o]); });
    options.forEach(o => { const p = byCode.get(o.parent); o.above = p ? p.name : ''; o.more = below.has(o.code); });
    const fits = only => o => !only || !o.parent || o.parent.split(' ').includes(only);
    const rank = (o, key) => {
      if (key === norm(o.code) || o.words.includes(key)) return 0;
      if (norm(o.code).startsWith(key) || o.words.some(w => w.startsWith(key))) return 1;
      if (key === o.sound || key === o.initials) return 2;
      if (o.sound.startsWith(key) || o.initials.startsWith(key)) return 3;
      if (o.words.some(w => w.includes(key))) return 4;
      return key.length > 1 && norm(o.above).includes(key) ? 5 : 9;
    };
    return {
      whole: options.length <= ALL_AT_ONCE || !options.some(o => o.more),
      get: code => byCode.get(code),
      exact: (text, only) => { const key = norm(text), hits = options.filter(fits(only)).filter(o => o.open && (key === norm(o.text) || key === norm(o.code) || o.words.includes(key))); return hits.length === 1 ? hits[0] : null; },
      search: async (text, only) => {
        const key = norm(text);
        const ranked = options.filter(fits(only)).map(o => [rank(o, key), o]).filter(pair => pair[0] < 9);
        return ranked.sort((a, b) => a[0] - b[0]).slice(0, MOST_FOUND).map(pair => pair[1]);
      },
      level: async parent => ({ options: below.get(parent) || [], level: byCode.get(parent) || null }),
      all: only => options.filter(fits(only))
    };
  };

  // ── rows that are asked for ──

  const remote = address => {
    const seen = new Map(), answers = new Map();
    const ask = async parameters => {
      const url = address + '&' + new URLSearchParams(parameters);
      if (!answers.has(url)) {
        const answer = await fetch(url, { credentials: 'same-origin', headers: { Accept: 'application/json' } });
        if (answer.status === 401 || answer.redirected) { document.dispatchEvent(new CustomEvent('login-needed', { detail: {} })); throw new Error('login'); }
        if (!answer.ok) throw new Error(answer.status);
        answers.set(url, await answer.json());
        answers.get(url).options.forEach(o => seen.set(o.code, o));
      }
      return answers.get(url);
    };
    return {
      whole: false,
      get: code => seen.get(code),
      exact: text => Array.from(seen.values()).find(o => o.open && norm(o.text) === norm(text)) || null,
      search: async text => (NUMBER.test(text) ? [] : (await ask({ q: text.slice(0, 60) })).options),
      level: parent => ask({ parent })
    };
  };

  const sources = new Map();
  const sourceOf = box => {
    const key = box.dataset.find || box.dataset.list;
    if (!sources.has(key)) sources.set(key, box.dataset.find ? remote(box.dataset.find) : embedded(document.getElementById(key)));
    return sources.get(key);
  };

  // ── one picker ──

  const start = box => {
    const input = box.querySelector('input'), many = box.dataset.many !== undefined, source = sourceOf(box);
    const hidden = make('input'), list = make('ul', 'picker-list'), status = make('span', 'sr'), clear = make('button', 'picker-clear'), chips = make('ul', 'plain picks');
    const group = box.closest('.form-group'), title = group && group.querySelector('.control-label').textContent.replace('*', '').trim();
    const texts = new Map();                 // code → text of what was ever chosen here
    const parents = new Map();
    let chosen = [], rows = [], active = -1, asked = 0, timer = 0, pending = false;

    Object.assign(hidden, { type: 'hidden', name: input.name, autocomplete: 'off' }); hidden.dataset.picked = '';
    input.removeAttribute('name'); input.removeAttribute('list');
    list.id = 'picker-' + (made += 1); list.setAttribute('role', 'listbox'); list.setAttribute('aria-label', title || ''); list.hidden = true;
    Object.entries({ role: 'combobox', 'aria-autocomplete': 'list', 'aria-haspopup': 'listbox', 'aria-expanded': 'false', 'aria-controls': list.id }).forEach(a => input.setAttribute(...a));
    status.setAttribute('role', 'status');
    clear.type = 'button'; clear.tabIndex = -1; clear.setAttribute('aria-label', words.pickClear.replace('{label}', title || '')); clear.append(make('i', 'fa-solid fa-xmark'));
    if (many) { chips.setAttribute('aria-label', title || ''); box.prepend(chips); }
    box.append(hidden, clear, list, status); box.classList.add('ready');

    // what is chosen, and what of it is sent
    const typed = () => (many || !chosen.length ? input.value.trim() : '');
    const send = () => {
      const shown = input.form && input.form.method === 'get' && NUMBER.test(typed());   // it would stand in the address
      hidden.value = [...chosen.map(o => o.code), shown ? '' : typed()].filter(Boolean).join(',');
      box.classList.toggle('filled', !many && input.value !== '' && !input.disabled);
    };
    const draw = () => {
      if (!many) { if (chosen.length) input.value = chosen[0].text; return; }
      chips.replaceChildren(...chosen.map(o => {
        const chip = make('li', 'chip', o.text), remove = make('button'), icon = make('i', 'fa-solid fa-xmark');
        remove.type = 'button'; remove.disabled = input.disabled; remove.setAttribute('aria-label', words.pickRemove.replace('{name}', o.text)); remove.append(icon);
        remove.addEventListener('click', () => { drop(o); input.focus(); });
        chip.append(remove); return chip;
      }));
    };
    const changed = () => { draw(); send(); hidden.dispatchEvent(new Event('change', { bubbles: true })); };
    const keep = o => { texts.set(o.code, o.text); if (o.parent !== undefined) parents.set(o.code, o.parent); return { code: o.code, text: o.text }; };
    const choose = o => {
      chosen = [...(many ? chosen.filter(c => c.code !== o.code) : []), keep(o)]; if (many) input.value = '';
      close(); changed(); status.textContent = words.pickChosen.replace('{name}', o.text);
    };
    const drop = o => { chosen = chosen.filter(c => c.code !== o.code); close(); changed(); };
    const textOf = code => texts.get(code) || (source.get(code) || {}).text;
    const take = value => {                  // codes that another script or the server put there
      const parts = many ? value.split(',').filter(Boolean) : [value].filter(Boolean), known = parts.filter(textOf);
      chosen = known.map(code => keep({ code, text: textOf(code) }));
      input.value = many || !known.length ? parts.filter(p => !textOf(p)).join('、') : chosen[0].text;
    };

    // the list
    const close = () => { clearTimeout(timer); asked += 1; pending = false; list.hidden = true; rows = []; active = -1; input.setAttribute('aria-expanded', 'false'); input.removeAttribute('aria-activedescendant'); };
    const mark = place => {
      active = place;
      rows.forEach((r, i) => r.element.classList.toggle('active', i === place));
      if (place < 0) { input.removeAttribute('aria-activedescendant'); return; }
      input.setAttribute('aria-activedescendant', rows[place].element.id); rows[place].element.scrollIntoView({ block: 'nearest' });
    };
    const row = (label, note, run, kind) => {
      const element = make('li', kind || ''); element.setAttribute('role', 'option'); element.id = list.id + '-' + rows.length;
      element.append(make('span', '', label)); if (note) element.append(make('small', '', note));
      if (kind === 'into' || kind === 'back') { const i = make('i', 'fa-solid fa-chevron-' + (kind === 'into' ? 'right' : 'left')); i.setAttribute('aria-hidden', 'true'); element[kind === 'into' ? 'append' : 'prepend'](i); }
      rows.push({ element, run }); return element;
    };
    const option = (o, note, inside) => {
      const into = inside && o.more || !o.open, mine = chosen.some(c => c.code === o.code);
      const element = row(o.name, note, () => (into ? browse(o.code) : many && mine ? drop(o) : choose(o)), into ? 'into' : mine ? 'mine' : '');
      element.setAttribute('aria-selected', String(mine && !into)); return element;
    };
    const show = (elements, found, first) => {
      list.replaceChildren(...elements); list.hidden = false; list.classList.remove('up'); input.setAttribute('aria-expanded', 'true');
      const place = input.getBoundingClientRect(), height = list.offsetHeight, bar = document.querySelector('.bar-b');
      const floor = window.innerHeight - (bar ? bar.offsetHeight : 0);
      list.classList.toggle('up', place.bottom + height > floor && place.top > height + 8);
      list.scrollTop = 0; pending = false; mark(first);
      status.textContent = found ? words.pickCount.replace('{n}', found) : words.pickNone;
    };
    const said = (text, kind) => { const e = make('li', 'note' + (kind || ''), text); e.setAttribute('role', 'presentation'); return e; };
    const wait = async work => {             // only the answer to the latest question is shown
      const mine = asked += 1, slow = setTimeout(() => { if (mine === asked) { rows = []; show([said(words.pickWait, ' wait')], 0, -1); } }, 400);
      try { const answer = await work(); clearTimeout(slow); return mine === asked ? answer : null; } catch (err) {
        clearTimeout(slow); if (mine === asked) { rows = []; show([said(err.message === 'login' ? words.expired : words.pickOffline)], 0, -1); } return null;
      }
    };
    const heading = text => { const e = make('li', 'heading', text); e.setAttribute('role', 'presentation'); return e; };

    const chosenRow = () => rows.findIndex(r => r.element.classList.contains('mine'));
    const browse = async parent => {
      const only = box.dataset.only || '';
      rows = [];
      if (source.whole) {
        const all = source.all(only); let above = '';
        const elements = all.flatMap(o => {
          if (!o.open) return [];
          const head = o.above && o.above !== above && !(source.get(o.parent) || {}).open ? [heading(o.above)] : []; above = o.above;
          const element = option(o, o.code); element.classList.toggle('sub', o.above !== '');
          return [...head, element];
        });
        show(elements, rows.length, chosenRow()); return;
      }
      const answer = await wait(() => source.level(parent, only)); if (!answer) return;
      rows = []; const elements = [], here = answer.level;
      if (here) {
        elements.push(row(words.pickBack, here.text, () => browse(here.parent), 'back'));
        const itself = source.get(here.code); if (itself && itself.open) elements.push(option({ ...itself, more: false }, itself.code));
      }
      answer.options.forEach(o => elements.push(option(o, o.code, true)));
      show(elements, answer.options.length, chosenRow());
    };
    const search = async () => {
      const text = input.value.trim();
      if (!text) { browse(''); return; }
      const found = await wait(() => source.search(text, box.dataset.only || '')); if (!found) return;
      rows = []; const elements = found.map(o => option(o, [o.above, o.code].filter(Boolean).join(' · ')));
      show(elements.length ? elements : [said(words.pickNone)], elements.length, elements.length ? 0 : -1);
    };
    const openAt = () => {                   // at the level of what is chosen
      if (input.disabled || input.readOnly) return;
      if (typed() && !many) search(); else browse(!many && chosen.length && parents.get(chosen[0].code) || '');
    };

    // what a person does
    input.addEventListener('input', () => {
      if (!many) chosen = [];
      send(); pending = true; clearTimeout(timer); timer = setTimeout(search, box.dataset.find ? WAIT : 0);
    });
    input.addEventListener('click', () => { if (list.hidden) { openAt(); if (chosen.length && !many) input.select(); } });
    input.addEventListener('keydown', e => {
      if (e.isComposing) return;
      const open = !list.hidden, step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
      if (step) { e.preventDefault(); if (!open) openAt(); else if (rows.length) mark(active < 0 ? (step > 0 ? 0 : rows.length - 1) : (active + step + rows.length) % rows.length); } else if (e.key === 'Enter' && (open || pending)) { e.preventDefault(); enter(); } else if (e.key === 'Escape' && open) { e.preventDefault(); e.stopPropagation(); close(); } else if (e.key === 'Tab') close(); else if (e.key === 'Backspace' && many && !input.value && chosen.length) { chosen.pop(); changed(); }
    });
    const enter = async () => {
      if (pending) { clearTimeout(timer); await search(); }
      if (active >= 0) rows[active].run(); else settle();
    };
    const settle = () => {                   // a name written out in full needs no choosing
      const exact = typed() && source.exact(typed(), box.dataset.only || '');
      if (exact) choose(exact); else close();
    };
    box.addEventListener('focusout', e => { if (!box.contains(e.relatedTarget)) settle(); });
    list.addEventListener('mousedown', e => e.preventDefault());     // the field keeps the focus
    list.addEventListener('click', e => {
      const element = e.target.closest('[role=option]'), r = element && rows.find(x => x.element === element);
      if (r) { r.run(); input.focus(); }
    });
    clear.addEventListener('click', () => { chosen = []; input.value = ''; close(); changed(); input.focus(); });
    document.addEventListener('pointerdown', e => { if (!box.contains(e.target)) close(); });   // not click: its row may be gone by then
    hidden.addEventListener('set', () => {
      input.disabled = hidden.disabled;
      ['aria-disabled', 'aria-required'].forEach(a => { if (hidden.hasAttribute(a)) input.setAttribute(a, hidden.getAttribute(a)); else input.removeAttribute(a); });
      if (hidden.value !== [...chosen.map(o => o.code), typed()].filter(Boolean).join(',')) take(hidden.value);
      draw(); send();
    });

    const first = JSON.parse(box.dataset.chosen || '[]');
    first.forEach(([code, text, parent]) => { if (code) { texts.set(code, text); parents.set(code, parent); } });
    take(first.map(([code, text]) => code || text).join(','));
    draw(); send();
  };

  document.querySelectorAll('[data-picker]').forEach(start);
}());
