/* The menus of a list. Columns: two buttons beside each instead of a number, by which the order is said without this.
   Columns and conditions are found by their names. */
(function () {
  'use strict';
  const finder = (input, rows, label) => {
    input.hidden = false;
    input.addEventListener('input', () => { const text = input.value.trim(); rows().forEach(row => { row.hidden = !label(row).includes(text); }); });
    input.addEventListener('keydown', e => { if (e.key === 'Enter') e.preventDefault(); });
  };
  document.querySelectorAll('[data-find-condition]').forEach(input => {
    const groups = Array.from(input.parentNode.querySelectorAll('.form-group'));
    finder(input, () => groups, group => group.querySelector('label').textContent);
  });

  document.querySelectorAll('[data-columns]').forEach(form => {
    const list = form.querySelector('ol'), said = form.querySelector('[data-moved]'), find = form.querySelector('[data-find-column]');
    const rows = () => Array.from(list.children);
    const label = row => row.querySelector('label').textContent.trim();
    const shown = row => row.querySelector('[type=checkbox]').checked;
    const filled = (text, row, n) => text.replace('{label}', label(row)).replace('{n}', n);

    const rest = () => {   // only what is shown has an order, and the ends go nowhere further
      const first = rows().find(shown), last = rows().filter(shown).pop();
      rows().forEach(row => {
        const [up, down] = row.querySelectorAll('button');
        [[up, row === first], [down, row === last]].forEach(([b, end]) => { b.hidden = !shown(row); b.setAttribute('aria-disabled', end); });
      });
    };
    const move = (row, step, button) => {
      const order = rows().filter(shown), other = order[order.indexOf(row) + step];
      if (!other) return;
      if (step < 0) other.before(row); else other.after(row);
      rest(); button.focus();
      row.scrollIntoView({ block: 'nearest' });
      said.textContent = filled(said.dataset.said, row, rows().filter(shown).indexOf(row) + 1);
    };

    rows().forEach(row => {
      row.querySelector('.place').remove();   // the order of the rows is the order of the columns
      const steps = document.createElement('span');
      steps.className = 'moves';
      [['up', -1], ['down', 1]].forEach(([name, step]) => {
        const button = document.createElement('button'), icon = document.createElement('i');
        button.type = 'button'; button.className = 'btn btn-icon ghost'; button.setAttribute('aria-label', filled(said.dataset[name], row));
        icon.className = 'fa-solid fa-arrow-' + name; icon.setAttribute('aria-hidden', 'true');
        button.append(icon); button.addEventListener('click', () => move(row, step, button));
        steps.append(button);
      });
      row.append(steps);
    });
    list.addEventListener('change', e => {   // a column that is ticked goes behind those that are shown
      const row = e.target.closest('li'), order = rows().filter(x => shown(x) && x !== row);
      if (shown(row) && order.length) { order.pop().after(row); row.scrollIntoView({ block: 'nearest' }); }
      rest();
    });
    finder(find, rows, label);
    rest();
  });
}());
