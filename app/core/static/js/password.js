/* Change of password: the rules tick while one types, and a word says how strong it is. */
(function () {
  'use strict';
  const words = document.getElementById('words').dataset;
  const input = document.querySelector('[data-strength]'); if (!input) return;
  const box = document.querySelector('[data-strength-box]'), bar = box.querySelector('progress'), word = box.querySelector('b');
  const classes = v => [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z0-9]/].filter(r => r.test(v)).length;
  const rules = {
    length: v => v.length >= 8 && v.length <= 64,
    classes: v => classes(v) >= 3,
    repeat: v => v !== '' && v === (document.querySelector('[data-repeat-of]') || {}).value,
    differs: v => v !== '' && v !== (document.querySelector('[data-old]') || {}).value
  };
  const look = () => {
    const v = input.value, common = /^(.)\1+$|1234|abcd|qwer|password|admin/i.test(v);
    const score = Math.min(4, (v.length >= 8) + (v.length >= 12) + (classes(v) >= 3) + (v.length >= 16 || classes(v) === 4));
    const shown = common ? Math.min(1, score) : score;
    box.hidden = !v; bar.value = shown; word.textContent = shown < 2 ? words.weak : shown < 4 ? words.fair : words.strong;
    document.querySelectorAll('[data-rule]').forEach(li => { const ok = Boolean(rules[li.dataset.rule] && rules[li.dataset.rule](v)); li.classList.toggle('ok', ok); });
  };
  document.addEventListener('input', e => { if (e.target.matches('[data-strength], [data-repeat-of], [data-old]')) look(); });
  look();
}());
