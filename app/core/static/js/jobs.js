/* The page of jobs: asks how far they are and replaces only the cells that changed, so that the focus stays. */
(function () {
  'use strict';
  const table = document.querySelector('[data-jobs]');
  if (!table) return;
  const body = table.tBodies[0], LONGEST = 10000;
  let pause = 1500;

  const replace = (old, fresh) => {
    const focused = old.contains(document.activeElement);
    old.replaceWith(fresh);
    if (focused) (fresh.querySelector('a, button') || table.closest('[tabindex]')).focus();
  };
  const update = (row, fresh) => {
    if (row.dataset.state !== fresh.dataset.state) {
      document.dispatchEvent(new CustomEvent('toast', { detail: fresh.dataset.title + '：' + fresh.dataset.state }));
      row.dataset.state = fresh.dataset.state;
    }
    Array.from(fresh.cells).forEach((cell, i) => { if (row.cells[i].dataset.v !== cell.dataset.v) replace(row.cells[i], cell); });
  };
  const show = html => {
    const box = document.createElement('template');
    box.innerHTML = '<table><tbody>' + html + '</tbody></table>';
    Array.from(box.content.querySelectorAll('tr')).reverse().forEach(fresh => {
      const row = body.querySelector('[data-job="' + fresh.dataset.job + '"]');
      if (row) update(row, fresh); else body.prepend(fresh);
    });
  };
  const again = () => { setTimeout(look, pause); pause = Math.min(pause * 1.1, LONGEST); };
  const look = async () => {
    if (document.hidden) { document.addEventListener('visibilitychange', look, { once: true }); return; }
    let answer;
    try {
      const response = await fetch(table.dataset.jobs, { headers: { Accept: 'application/json' } });
      if (!response.ok) return;
      answer = await response.json();
    } catch (error) { again(); return; }
    show(answer.rows);
    if (answer.busy) again();
  };
  look();
}());
