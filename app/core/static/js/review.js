/* Review of one report: each item row is tr[data-item-key] with radio buttons verdict:<key> in .judge; refusing opens the tr.why-row after it.
   Rows with data-whole stand for a whole row, section or record: they can be refused, but are no items to go through.
   Keys: those of the dialog #keys-dialog (?). None while typing, while an input method is open, or held down. */
(function () {
  'use strict';
  const words = document.getElementById('words').dataset;
  const all = (s, root) => Array.from((root || document).querySelectorAll(s));
  const items = () => all('tr[data-item-key]:not([data-whole])');
  const rows = () => items().filter(r => !r.hidden && r.querySelector('.judge'));
  const whyOf = row => { const next = row.nextElementSibling; return next && next.classList.contains('why-row') ? next : null; };
  const field = (row, kind) => all('select, input', whyOf(row)).find(i => i.name === kind + ':' + row.dataset.itemKey);
  const radios = row => all('.judge input[type=radio]', row);
  const verdict = row => { const on = radios(row).find(r => r.checked); return on ? on.value : ''; };
  const block = (button, off) => { if (!button) return; button.disabled = off; button.setAttribute('aria-disabled', off); };

  const count = () => {
    const bad = all('tr[data-item-key]').filter(r => verdict(r) === 'refused').length, shown = items().filter(r => !r.hidden);
    all('[data-refused-count]').forEach(x => { x.textContent = bad; });
    all('[data-judged-count]').forEach(x => { x.textContent = shown.filter(verdict).length; });
    all('[data-shown-count]').forEach(x => { x.textContent = shown.length; });
    all('[data-refused-only]').forEach(x => { x.hidden = !bad && !x.dataset.open; });
    all('[data-clean-only]').forEach(x => { x.hidden = bad > 0; });
    all('[data-approve]').forEach(b => block(b, bad > 0));
    all('[data-return]').forEach(b => {
      block(b, !bad);
      const label = b.querySelector('[data-return-label]'); if (!label) return;
      if (!label.dataset.plain) label.dataset.plain = label.textContent;
      label.textContent = bad ? (b.dataset.label || words.refuse).replace('{n}', bad) : label.dataset.plain;
    });
  };

  const judge = (row, value, quiet) => {
    const why = whyOf(row);
    radios(row).forEach(r => { r.checked = r.value === value; });
    row.dataset.verdict = value;
    row.classList.toggle('rej', value === 'refused');
    if (why) {
      all('select, input', why).forEach(c => { c.disabled = value !== 'refused'; });
      if (value === 'refused' && !quiet) { const s = why.querySelector('select'); if (s) s.focus(); }
    }
    count();
    // the draft is kept by autosave.js, which listens for changes
    if (!quiet) row.dispatchEvent(new Event('change', { bubbles: true }));
  };

  const here = () => document.querySelector('tr.cur[data-item-key]');
  // from the current row, whatever it is, to the next that will do; the focus goes along
  const move = (step, will = () => true) => {
    const list = all('tr[data-item-key]'), now = list.indexOf(here()), able = rows();
    const on = step > 0 ? list.slice(now + 1) : list.slice(0, Math.max(0, now)).reverse();
    const row = on.find(r => able.includes(r) && will(r));
    if (row) go(row);
  };
  const go = row => { current(row); row.tabIndex = -1; row.focus({ preventScroll: true }); row.scrollIntoView({ block: 'nearest' }); };
  // the heading over an item: its row or section as a whole
  const wholeOf = row => {
    for (let r = row; r; r = r.previousElementSibling) if (r.matches('tr[data-whole]')) return r;
    return null;
  };
  const refuse = row => {
    if (!row) return;
    if (row !== here()) go(row);
    if (verdict(row) !== 'refused') judge(row, 'refused'); else field(row, 'reason').focus();
  };
  const current = row => {
    all('tr.cur').forEach(r => r.classList.remove('cur'));
    row.classList.add('cur'); const why = whyOf(row); if (why) why.classList.add('cur');
    const file = row.dataset.evidence, papers = document.getElementById('rv-papers');
    if (file && papers && !papers.hidden) document.dispatchEvent(new CustomEvent('show-evidence', { detail: file }));
  };

  document.addEventListener('click', e => {
    const row = e.target.closest('tr[data-item-key]'), undo = e.target.closest('[data-undo]');
    if (row) current(row);
    // pressing the same button again takes the judgement back
    if (row && e.target.matches('.judge input')) judge(row, row.dataset.verdict === e.target.value ? '' : e.target.value);
    if (undo) { const above = undo.closest('tr').previousElementSibling; if (above) judge(above, ''); }
    // evidence: buttons and links with data-evidence show the panel [data-evidence-panel] of the same name
    const file = e.target.closest('a[data-evidence], button[data-evidence]');
    if (file && beside()) { e.preventDefault(); openPapers(); evidence(file.dataset.evidence); }
    const only = e.target.closest('[data-only]'); if (only) filter(only);
    const zoom = e.target.closest('[data-zoom]'); if (zoom) scale(zoom.dataset.zoom);
  });
  // where the proofs stand beside the data; on a narrow screen a link opens a window of its own
  const beside = () => window.matchMedia('(min-width: 1200px)').matches || !document.getElementById('rv-papers').hidden;
  const papersTab = document.querySelector('[data-tab=rv-papers]');
  let opening = false;
  const openPapers = () => { if (papersTab && document.getElementById('rv-papers').hidden) { opening = true; papersTab.click(); opening = false; } };
  const evidence = key => {
    const panels = all('[data-evidence-panel]'); if (!panels.some(p => p.dataset.evidencePanel === key)) return;
    panels.forEach(p => {
      p.hidden = p.dataset.evidencePanel !== key;
      if (!p.hidden) all('[data-src]', p).forEach(x => { x.src = x.dataset.src; x.removeAttribute('data-src'); });
    });
    all('button[data-evidence]').forEach(b => { if (b.dataset.evidence === key) b.setAttribute('aria-current', 'true'); else b.removeAttribute('aria-current'); });
  };
  document.addEventListener('show-evidence', e => evidence(e.detail));
  // pressing the tab shows that of the current row, or the first one
  document.addEventListener('click', e => {
    if (opening || !e.target.closest('[data-tab=rv-papers]')) return;
    const row = document.querySelector('tr.cur'), first = document.querySelector('.thumbs [data-evidence]');
    const chosen = document.querySelector('.thumbs [aria-current]');
    evidence((row && row.dataset.evidence) || (chosen || first).dataset.evidence);
  });

  // 只看改动和提示 / 全部: rows with data-plain are the unchanged ones
  const filter = button => {
    all('[data-only]').forEach(b => b.setAttribute('aria-pressed', b === button));
    all('tr[data-plain]').forEach(r => { r.hidden = button.dataset.only === 'changed' && !verdict(r); });
    count();
  };

  // size and turn of a picture by classes only: the CSP forbids inline styles
  const steps = ['z50', 'z75', '', 'z150', 'z200'];
  const scale = what => all('[data-evidence-panel]:not([hidden]) .doc-img').forEach(img => {
    if (what === 'turn') { const t = (Number(img.dataset.turn || 0) + 1) % 4; img.dataset.turn = t; return; }
    const i = Math.max(0, steps.findIndex(s => s && img.classList.contains(s))), at = steps.some(s => s && img.classList.contains(s)) ? i : 2;
    const next = Math.min(4, Math.max(0, at + (what === 'in' ? 1 : -1)));
    steps.forEach(s => { if (s) img.classList.remove(s); }); if (steps[next]) img.classList.add(steps[next]);
  });

  // the sentence for all: also without any refused item, for the unit before or whoever wants to say something
  const say = document.querySelector('[data-say]'), sentence = say && say.querySelector('input');
  const speak = () => { if (say) { say.dataset.open = '1'; say.hidden = false; sentence.focus(); } };
  if (sentence && sentence.value) say.dataset.open = '1';

  document.addEventListener('submit', e => {
    if (!e.submitter || !e.submitter.matches('[data-send-back]') || sentence.value.trim() || document.querySelector('tr.rej')) return;
    e.preventDefault(); e.stopImmediatePropagation(); speak();
    document.dispatchEvent(new CustomEvent('toast', { detail: words.why }));
  }, true);
  document.addEventListener('submit', e => {
    if (!e.submitter || !e.submitter.matches('[data-return]')) return;
    const open = all('tr[data-item-key].rej').find(r => {
      const reason = field(r, 'reason'), note = field(r, 'note');
      return !(reason && reason.value) && !(note && note.value.trim());
    });
    if (!open) return;
    e.preventDefault(); e.stopImmediatePropagation(); current(open);
    whyOf(open).querySelector('select').focus();
    document.dispatchEvent(new CustomEvent('toast', { detail: words.reason }));
  }, true);

  const press = s => { const b = document.querySelector(s); if (b && !b.disabled && b.getAttribute('aria-disabled') !== 'true') b.click(); };
  const help = document.getElementById('keys-dialog');
  document.addEventListener('click', e => { if (help && e.target.closest('[data-show-keys]')) help.showModal(); });
  // a key that was meant for the page before decides nothing on this one
  let settled = false; window.setTimeout(() => { settled = true; document.documentElement.dataset.keys = 'on'; }, 300);
  const decide = s => { if (settled) press(s); };
  const keys = {
    j: () => move(1), k: () => move(-1), c: () => move(1, r => !r.hasAttribute('data-plain') && !verdict(r)),
    y: row => { if (row && radios(row).some(r => r.value === 'passed') && verdict(row) !== 'passed') judge(row, 'passed'); move(1); },
    n: row => refuse(row), w: row => refuse(wholeOf(row)), u: row => { if (row && verdict(row)) judge(row, ''); },
    f: () => press('[data-only][aria-pressed=false]'), v: () => press('[role=tab][aria-selected=false]'),
    m: () => speak(), a: () => decide('[data-approve]'), r: () => decide('[data-return]'), b: () => decide('[data-send-back]'),
    s: () => decide('[data-skip]'), '[': () => press('[data-prev]'), ']': () => press('[data-next]'),
    l: () => press('[data-list]'), '?': () => help && help.showModal(), '？': () => help && help.showModal(),
  };
  document.addEventListener('keydown', e => {
    if (e.isComposing || e.keyCode === 229) return;
    const typing = e.target.isContentEditable || (/^(INPUT|TEXTAREA|SELECT)$/.test(e.target.tagName) && e.target.type !== 'radio');
    if (typing) { leave(e); return; }
    const does = keys[e.key.toLowerCase()];
    if (!does || e.ctrlKey || e.metaKey || e.altKey || document.querySelector('dialog[open]')) return;
    e.preventDefault();
    if (!e.repeat || 'jk'.includes(e.key.toLowerCase())) does(here());
  });
  // Enter in a sentence ends the sentence, it does not send the report back; a digit chooses a reason
  const leave = e => {
    const box = e.target.closest('.why-box, .rv-say');
    if (!box || e.ctrlKey || e.metaKey || e.altKey) { if (e.key === 'Escape') e.target.blur(); return; }
    const select = e.target.tagName === 'SELECT', number = select && /^[1-9]$/.test(e.key) ? Number(e.key) : 0;
    if (number && number < e.target.options.length) {
      e.preventDefault(); e.target.selectedIndex = number;
      e.target.dispatchEvent(new Event('change', { bubbles: true }));
      const note = box.querySelector('input'); if (note) note.focus();
    } else if (e.key === 'Escape' || e.key === 'Enter') {
      e.preventDefault();
      if (e.key === 'Enter' && select && e.target.value) { const note = box.querySelector('input'); if (note) { note.focus(); return; } }
      e.target.blur(); const row = here(); if (row) go(row);
    }
  };

  // a link to an item makes it the current one, also when it was filtered away
  const target = () => {
    const row = document.getElementById(decodeURIComponent(window.location.hash.slice(1)));
    if (row && row.matches('tr')) { row.hidden = false; if (row.dataset.itemKey) current(row); row.scrollIntoView({ block: 'center' }); }
  };
  window.addEventListener('hashchange', target);

  all('tr[data-item-key]').forEach(r => judge(r, verdict(r), true));
  const pressed = document.querySelector('[data-only][aria-pressed=true]'); if (pressed) filter(pressed);
  if (!document.querySelector('tr.cur')) { const row = rows().find(r => !verdict(r)) || rows()[0]; if (row) current(row); }
  count(); target();
}());
