/* Date fields: [data-date=month|date|year] holds one text input. Loose typing is put right on leaving; a calendar opens by the button. */
(function () {
  'use strict';
  const words = document.getElementById('words').dataset;
  const two = n => String(n).padStart(2, '0');

  // '201709', '2017-9', '2017.9.1', '2017年9月' → '2017-09', '2017-09-01'; anything else stays as typed
  const tidy = (text, kind) => {
    const plain = text.trim().replace(/[０-９]/g, c => String.fromCharCode(c.charCodeAt(0) - 0xFEE0));
    const m = /^(\d{4})(\d{2})(\d{2})$/.exec(plain) || /^(\d{4})(\d{2})$/.exec(plain) || /^(\d{4})\s*[-./年]\s*(\d{1,2})(?:\s*[-./月]\s*(\d{1,2}))?\s*[月日号]?$/.exec(plain);
    if (kind === 'year') { const y = /^(\d{4})\s*年?$/.exec(plain); return y ? y[1] : plain; }
    if (!m || +m[2] < 1 || +m[2] > 12) return plain;
    if (kind === 'month') return m[1] + '-' + two(m[2]);
    return m[3] ? m[1] + '-' + two(m[2]) + '-' + two(m[3]) : plain;
  };

  document.addEventListener('focusout', e => {
    const box = e.target.closest('[data-date]'), input = e.target;
    if (!box || !input.matches('.form-control')) return;
    const value = tidy(input.value, box.dataset.date);
    if (value !== input.value) { input.value = value; input.dispatchEvent(new Event('change', { bubbles: true })); }
  }, true);

  // the browser's own calendar, where it has one for this kind
  const supports = kind => { const i = document.createElement('input'); i.type = kind; return i.type === kind && typeof i.showPicker === 'function'; };
  document.querySelectorAll('[data-date=date], [data-date=month]').forEach(box => {
    const kind = box.dataset.date, input = box.querySelector('.form-control'), icon = box.querySelector('i');
    if (!supports(kind) || !icon) return;
    const button = document.createElement('button'), picker = document.createElement('input');
    button.type = 'button'; button.className = 'cal'; button.setAttribute('aria-label', words.pick); button.appendChild(icon);
    picker.type = kind; picker.tabIndex = -1; picker.className = 'cal-input'; picker.setAttribute('aria-hidden', 'true');
    box.append(button, picker);
    button.addEventListener('click', () => { if (input.readOnly || input.disabled) return; picker.value = tidy(input.value, kind); picker.showPicker(); });
    picker.addEventListener('change', e => {
      e.stopPropagation();
      if (picker.value) { input.value = picker.value; input.dispatchEvent(new Event('change', { bubbles: true })); input.focus(); }
    });
  });
}());
