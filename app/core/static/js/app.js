/* Behaviour shared by all pages, driven by data-* attributes; without it the pages stay readable. */
(function () {
  'use strict';
  const all = (s, root) => Array.from((root || document).querySelectorAll(s));
  const on = (type, s, fn) => document.addEventListener(type, e => { const t = e.target.closest && e.target.closest(s); if (t) fn(t, e); });
  const words = document.getElementById('words').dataset;
  const typing = t => /^(INPUT|TEXTAREA|SELECT)$/.test(t.tagName) && !/^(checkbox|radio)$/.test(t.type);

  // data-toggle-class="x" puts x on body: menu on a phone, section tree, filters
  const toggle = (name, force) => {
    const open = document.body.classList.toggle(name, force);
    all('[data-toggle-class="' + name + '"][aria-expanded]').forEach(b => b.setAttribute('aria-expanded', open));
  };
  on('click', '[data-toggle-class]', b => toggle(b.dataset.toggleClass));

  // the section tree scrolls by itself: bring the open section into its middle
  const tree = document.querySelector('.tree'), here = tree && tree.querySelector('a[aria-current]');
  if (here) tree.scrollTop = here.offsetTop - tree.clientHeight / 2;

  // tabs: <a data-tab="id">; the panels are siblings with role=tabpanel
  on('click', '[data-tab]', (a, e) => {
    const list = a.closest('ul'), panel = document.getElementById(a.dataset.tab);
    e.preventDefault();
    all('li', list).forEach(li => li.classList.toggle('active', li.contains(a)));
    all('[data-tab]', list).forEach(x => x.setAttribute('aria-selected', x === a));
    if (panel) all('[role=tabpanel]', panel.parentNode).forEach(x => { if (x.parentNode === panel.parentNode) x.hidden = x !== panel; });
  });
  on('keydown', '[data-tab]', (a, e) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[e.key]; if (!step) return;
    const tabs = all('[data-tab]', a.closest('ul')), next = tabs[(tabs.indexOf(a) + step + tabs.length) % tabs.length];
    next.focus(); next.click();
  });

  // popovers: <button data-pop=id>; Escape closes and gives the focus back
  const closePops = back => all('[data-pop][aria-expanded=true]').forEach(b => {
    b.setAttribute('aria-expanded', 'false'); document.getElementById(b.dataset.pop).hidden = true; if (back) b.focus();
  });
  on('click', '[data-pop]', b => {
    const p = document.getElementById(b.dataset.pop), open = b.getAttribute('aria-expanded') !== 'true';
    closePops(); if (!p) return;
    p.hidden = !open; b.setAttribute('aria-expanded', open); p.classList.remove('tip-l');
    if (open && p.getBoundingClientRect().right > document.documentElement.clientWidth - 8) p.classList.add('tip-l');
    if (open && p.getBoundingClientRect().bottom > window.innerHeight - 64) p.scrollIntoView({ block: 'nearest' });
  });
  document.addEventListener('click', e => {
    if (!e.target.closest('[data-pop], .popover')) closePops();
    all('details.drop-menu[open], details.more-filters[open]').forEach(d => { if (!d.contains(e.target)) d.open = false; });
  });

  // a list: the head box has three states; the batch bar takes the tool bar's place
  const everything = () => document.querySelector('[data-batch-all]');
  const selection = () => {
    const boxes = all('[data-row]'), n = boxes.filter(b => b.checked).length, whole = everything();
    boxes.forEach(b => b.closest('tr').classList.toggle('selected', b.checked));
    all('[data-all]').forEach(h => { h.checked = n > 0 && n === boxes.length; h.indeterminate = n > 0 && n < boxes.length; });
    if (whole && n < boxes.length) whole.checked = false;
    all('[data-batch]').forEach(x => { x.hidden = !n; });
    all('[data-tools]').forEach(x => { x.hidden = n > 0; });
    all('[data-count]').forEach(x => { x.textContent = whole && whole.checked ? x.dataset.total || n : n; });
  };
  const checkAll = value => { all('[data-row]').forEach(x => { x.checked = value; }); selection(); };
  on('change', '[data-row]', selection);
  on('change', '[data-all]', b => checkAll(b.checked));
  on('change', '[data-batch-all]', b => { if (b.checked) checkAll(true); else selection(); });
  on('click', '[data-clear]', () => checkAll(false));
  if (document.querySelector('[data-row]')) window.addEventListener('pageshow', selection);

  // file choice: shows the names, takes dropped files
  const names = zone => {
    const files = Array.from(zone.querySelector('input').files), out = zone.querySelector('[data-drop-name]');
    out.textContent = files.map(f => f.name + ' · ' + (f.size < 1048576 ? Math.ceil(f.size / 1024) + ' KB' : (f.size / 1048576).toFixed(1) + ' MB')).join('；');
    zone.classList.toggle('has-file', files.length > 0);
  };
  on('change', '[data-drop] input', i => names(i.closest('[data-drop]')));
  ['dragover', 'dragleave', 'drop'].forEach(type => on(type, '[data-drop]', (zone, e) => {
    e.preventDefault(); zone.classList.toggle('over', type === 'dragover');
    if (type === 'drop' && e.dataTransfer.files.length) { zone.querySelector('input').files = e.dataTransfer.files; names(zone); }
  }));

  // small ones
  on('click', '[data-print]', () => window.print());
  on('click', '[data-paper]', b => { document.body.dataset.paper = b.dataset.paper; all('button[data-paper]').forEach(x => x.setAttribute('aria-pressed', x === b)); });
  on('change', 'select[data-go]', s => window.location.assign(s.value));
  on('click', '[data-copy]', b => navigator.clipboard.writeText(b.dataset.copy).then(() => toast(words.copied)));
  on('click', '[data-reload]', () => window.location.reload());
  on('click', '[data-show]', b => {
    const i = document.getElementById(b.dataset.show), shown = i.type === 'password';
    i.type = shown ? 'text' : 'password'; b.setAttribute('aria-pressed', shown); b.textContent = shown ? words.hide : words.show;
  });
  on('keyup', '[data-caps]', (i, e) => {
    const group = i.closest('.form-group'); let p = group.querySelector('.caps-hint');
    if (!e.getModifierState || !e.getModifierState('CapsLock')) { if (p) p.remove(); return; }
    if (!p) { p = document.createElement('p'); p.className = 'field-warn caps-hint'; p.setAttribute('role', 'status'); p.textContent = words.caps; group.appendChild(p); }
  });
  const toast = text => {
    const p = document.createElement('p'); p.className = 'toast-line'; p.textContent = text;
    document.querySelector('[data-toasts]').appendChild(p); setTimeout(() => p.remove(), 6000);
  };
  document.addEventListener('toast', e => toast(e.detail));

  // data-confirm on a form or on the pressed button: asks first, then submits as pressed
  const dialog = document.getElementById('confirm-dialog');
  const ask = (from, text, pressed, then) => {
    const yes = dialog.querySelector('[data-yes]'), d = from.dataset;
    const label = d.confirmLabel || (pressed && pressed.textContent.trim());
    document.getElementById('confirm-title').textContent = d.confirmTitle || (label ? label + '？' : words.confirm);
    document.getElementById('confirm-text').textContent = text;
    yes.textContent = label || words.proceed;
    yes.className = 'btn ' + (d.confirmDanger ? 'btn-danger' : 'btn-primary');
    dialog.returnValue = ''; dialog.showModal();
    dialog.addEventListener('close', () => { if (dialog.returnValue === 'yes') then(); }, { once: true });
  };
  document.addEventListener('submit', e => {
    const form = e.target, pressed = e.submitter;
    const from = pressed && pressed.dataset.confirm ? pressed : form.dataset.confirm ? form : null;
    if (pressed && pressed.getAttribute('aria-disabled') === 'true') { e.preventDefault(); e.stopImmediatePropagation(); return; }
    if (!from || form.dataset.confirmed || !dialog.showModal) return;
    e.preventDefault(); e.stopImmediatePropagation();
    ask(from, from.dataset.confirm, pressed, () => { form.dataset.confirmed = '1'; form.requestSubmit(pressed || undefined); delete form.dataset.confirmed; });
  });
  on('click', '[aria-disabled=true]', (b, e) => { if (!b.matches('input, select, textarea, label')) e.preventDefault(); });

  // one submit for each form: the buttons rest until the next page is there (or 4 s for a download)
  document.addEventListener('submit', e => {
    const form = e.target;
    if (form.dataset.sent) { e.preventDefault(); e.stopImmediatePropagation(); return; }
    setTimeout(() => {
      if (e.defaultPrevented || form.dataset.repeat !== undefined || form.method === 'dialog') return;
      form.dataset.sent = '1'; busy(form, true);
      if (form.dataset.download !== undefined || form.target === '_blank') setTimeout(() => busy(form, false), 4000);
    }, 0);
  });
  const busy = (form, value) => {
    if (!value) delete form.dataset.sent;
    Array.from(form.elements).filter(b => b.type === 'submit').forEach(b => {
      if (value && !b.disabled) { b.disabled = true; b.dataset.busy = '1'; } else if (!value && b.dataset.busy) { b.disabled = false; delete b.dataset.busy; }
    });
  };
  window.addEventListener('pageshow', () => all('form').forEach(f => busy(f, false)));

  // keys: "/" goes to the search box, Escape closes layers
  document.addEventListener('keydown', e => {
    if (e.key === 'Escape') { closePops(true); toggle('menu-open', false); all('details.drop-menu[open], details.more-filters[open]').forEach(d => { d.open = false; d.querySelector('summary').focus(); }); }
    if (e.key === '/' && !typing(e.target)) { const f = document.querySelector('.w-find, .find input'); if (f) { e.preventDefault(); f.focus(); } }
  });

  const first = document.querySelector('[data-focus]'); if (first) first.focus();
  all('.nav-tabs .active, .selfnav [aria-current]').forEach(x => { const box = x.closest('ul, nav'); if (box && box.scrollWidth > box.clientWidth) box.scrollLeft = x.offsetLeft - box.offsetLeft - 24; });
}());
