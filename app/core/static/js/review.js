/* Review of one report: each item row is tr[data-item-key]; .judge .ok passes it, .judge .x refuses it and opens the tr.why-row after it.
   Keys: J K next and previous item, Y N judge it, A pass all, R send back, S leave for later, [ ] neighbours in the queue. */
(function () {
  'use strict';
  const words = document.getElementById('words').dataset;
  const all = (s, root) => Array.from((root || document).querySelectorAll(s));
  const rows = () => all('tr[data-item-key]').filter(r => !r.hidden && r.querySelector('.judge'));
  const whyOf = row => { const next = row.nextElementSibling; return next && next.classList.contains('why-row') ? next : null; };
  const field = (row, kind) => { const n = kind + ':' + row.dataset.itemKey; return all('input, select, textarea', row.closest('table')).find(i => i.name === n); };
  const block = (button, off) => { if (!button) return; button.disabled = off; button.setAttribute('aria-disabled', off); };

  const count = () => {
    const marks = all('tr[data-item-key]').map(r => (field(r, 'verdict') || {}).value || ''), bad = marks.filter(v => v === 'refused').length;
    all('[data-refused-count]').forEach(x => { x.textContent = bad; });
    all('[data-judged-count]').forEach(x => { x.textContent = marks.filter(Boolean).length; });
    all('[data-refused-only]').forEach(x => { x.hidden = !bad; });
    all('[data-approve]').forEach(b => block(b, bad > 0));
    all('[data-return]').forEach(b => {
      block(b, !bad);
      const label = b.querySelector('[data-return-label]'); if (!label) return;
      if (!label.dataset.plain) label.dataset.plain = label.textContent;
      label.textContent = bad ? (b.dataset.label || words.refuse).replace('{n}', bad) : label.dataset.plain;
    });
  };

  // pressing the same button again takes the judgement back
  const judge = (row, verdict, quiet) => {
    const input = field(row, 'verdict'), next = input && input.value === verdict && !quiet ? '' : verdict, why = whyOf(row);
    if (input) input.value = next;
    row.classList.toggle('rej', next === 'refused');
    all('.judge .ok', row).forEach(b => b.setAttribute('aria-pressed', next === 'passed'));
    all('.judge .x', row).forEach(b => b.setAttribute('aria-pressed', next === 'refused'));
    if (why) {
      why.hidden = next !== 'refused';
      all('select, input, textarea', why).forEach(c => { c.disabled = next !== 'refused'; });
      if (next === 'refused' && !quiet) { const s = why.querySelector('select, input:not([type=hidden])'); if (s) s.focus(); }
    }
    count();
  };

  const move = step => {
    const list = rows(), now = list.findIndex(r => r.classList.contains('cur')), row = list[Math.min(list.length - 1, Math.max(0, now + step))];
    if (row) { current(row); row.scrollIntoView({ block: 'nearest' }); }
  };
  const current = row => {
    all('tr.cur').forEach(r => r.classList.remove('cur'));
    row.classList.add('cur'); const why = whyOf(row); if (why) why.classList.add('cur');
    const file = row.dataset.evidence; if (file) document.dispatchEvent(new CustomEvent('show-evidence', { detail: file }));
  };

  document.addEventListener('click', e => {
    const row = e.target.closest('tr[data-item-key]'), button = e.target.closest('.judge button'), undo = e.target.closest('[data-undo]');
    if (row) current(row);
    if (button && row) { e.preventDefault(); judge(row, button.classList.contains('x') ? 'refused' : 'passed'); }
    if (undo) { const above = undo.closest('tr').previousElementSibling; if (above) judge(above, ''); }
    // evidence: buttons and links with data-evidence show the panel [data-evidence-panel] of the same name
    const file = e.target.closest('a[data-evidence], button[data-evidence]');
    if (file) { e.preventDefault(); evidence(file.dataset.evidence); }
    const only = e.target.closest('[data-only]'); if (only) filter(only);
    const zoom = e.target.closest('[data-zoom]'); if (zoom) scale(zoom.dataset.zoom);
  });
  const evidence = key => {
    const panels = all('[data-evidence-panel]'); if (!panels.some(p => p.dataset.evidencePanel === key)) return;
    panels.forEach(p => { p.hidden = p.dataset.evidencePanel !== key; });
    all('button[data-evidence]').forEach(b => { if (b.dataset.evidence === key) b.setAttribute('aria-current', 'true'); else b.removeAttribute('aria-current'); });
  };
  document.addEventListener('show-evidence', e => evidence(e.detail));

  // 只看改动和提示 / 全部: rows with data-plain are the unchanged ones
  const filter = button => {
    all('[data-only]').forEach(b => b.setAttribute('aria-pressed', b === button));
    all('tr[data-plain]').forEach(r => { r.hidden = button.dataset.only === 'changed'; });
  };
  const pressed = document.querySelector('[data-only][aria-pressed=true]'); if (pressed) filter(pressed);

  // size and turn of a picture by classes only: the CSP forbids inline styles
  const steps = ['z50', 'z75', '', 'z150', 'z200'];
  const scale = what => all('[data-evidence-panel]:not([hidden]) .doc-img').forEach(img => {
    if (what === 'turn') { const t = (Number(img.dataset.turn || 0) + 1) % 4; img.dataset.turn = t; return; }
    const i = Math.max(0, steps.findIndex(s => s && img.classList.contains(s))), at = steps.some(s => s && img.classList.contains(s)) ? i : 2;
    const next = Math.min(4, Math.max(0, at + (what === 'in' ? 1 : -1)));
    steps.forEach(s => { if (s) img.classList.remove(s); }); if (steps[next]) img.classList.add(steps[next]);
  });

  document.addEventListener('submit', e => {
    if (!e.submitter || !e.submitter.matches('[data-return]')) return;
    const open = rows().find(r => {
      const why = whyOf(r); if (!r.classList.contains('rej') || !why) return false;
      const reason = field(r, 'reason'), note = field(r, 'note');
      return !(reason && reason.value) && !(note && note.value.trim());
    });
    if (!open) return;
    e.preventDefault(); e.stopImmediatePropagation(); current(open);
    const why = whyOf(open); why.hidden = false; why.querySelector('select, input').focus();
    document.dispatchEvent(new CustomEvent('toast', { detail: words.reason }));
  }, true);

  const press = s => { const b = document.querySelector(s); if (b && !b.disabled && b.getAttribute('aria-disabled') !== 'true') b.click(); };
  document.addEventListener('keydown', e => {
    if (/^(INPUT|TEXTAREA|SELECT)$/.test(e.target.tagName)) { if (e.key === 'Escape') e.target.blur(); return; }
    if (e.ctrlKey || e.metaKey || e.altKey || document.querySelector('dialog[open]')) return;
    const key = e.key.toLowerCase(), row = document.querySelector('tr.cur[data-item-key]');
    if (key === 'j' || key === 'k') move(key === 'j' ? 1 : -1);
    else if ((key === 'y' || key === 'n') && row) {
      const verdict = key === 'y' ? 'passed' : 'refused', v = field(row, 'verdict');
      if (!v || v.value !== verdict) judge(row, verdict);
      if (key === 'y') move(1);
    } else if (key === 'a') press('[data-approve]');
    else if (key === 'r') press('[data-return]'); else if (key === 's') press('[data-skip]');
    else if (key === '[' || key === ']') press(key === '[' ? '[data-prev]' : '[data-next]'); else return;
    e.preventDefault();
  });

  all('tr[data-item-key]').forEach(r => { const v = field(r, 'verdict'); judge(r, v ? v.value : '', true); });
  if (!document.querySelector('tr.cur')) { const row = rows().find(r => !(field(r, 'verdict') || {}).value) || rows()[0]; if (row) current(row); }
  count();
}());
