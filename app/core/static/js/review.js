/* Review of one report: each item row is tr[data-item-key] with radio buttons verdict:<key> in .judge; refusing opens the tr.why-row after it.
   Rows with data-whole stand for a whole row, section or record: they can be refused, but are no items to go through.
   Keys: J K next and previous item, Y N judge it, A pass all, R send back, S leave for later, [ ] neighbours in the queue. */
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
    all('[data-refused-only]').forEach(x => { x.hidden = !bad; });
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

  const move = step => {
    const list = rows(), now = list.findIndex(r => r.classList.contains('cur')), row = list[Math.min(list.length - 1, Math.max(0, now + step))];
    if (row) { current(row); row.scrollIntoView({ block: 'nearest' }); }
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
  document.addEventListener('keydown', e => {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(e.target.tagName) && e.target.type !== 'radio';
    // Enter in a sentence ends the sentence, it does not send the report back
    if (typing) { if (e.key === 'Escape' || (e.key === 'Enter' && e.target.closest('.why-box, .rv-say'))) { e.preventDefault(); e.target.blur(); } return; }
    if (e.ctrlKey || e.metaKey || e.altKey || document.querySelector('dialog[open]')) return;
    const key = e.key.toLowerCase(), row = document.querySelector('tr.cur[data-item-key]');
    if (key === 'j' || key === 'k') move(key === 'j' ? 1 : -1);
    else if ((key === 'y' || key === 'n') && row) {
      const value = key === 'y' ? 'passed' : 'refused', able = radios(row).some(r => r.value === value);
      if (able && verdict(row) !== value) judge(row, value);
      if (key === 'y') move(1);
    } else if (key === 'a') press('[data-approve]');
    else if (key === 'r') press('[data-return]'); else if (key === 's') press('[data-skip]');
    else if (key === '[' || key === ']') press(key === '[' ? '[data-prev]' : '[data-next]'); else return;
    e.preventDefault();
  });

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
