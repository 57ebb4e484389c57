/* A page that waits for work in the background: asks how far it is, and loads again when it has ended. */
(function () {
  'use strict';
  const box = document.querySelector('[data-progress]');
  if (!box) return;
  const bar = box.querySelector('progress'), percent = box.querySelector('b'), text = box.querySelector('.small');
  let pause = 1000;

  const look = async () => {
    if (document.hidden) { document.addEventListener('visibilitychange', look, { once: true }); return; }
    try {
      const response = await fetch(box.dataset.progress, { headers: { Accept: 'application/json' } });
      if (!response.ok) { location.reload(); return; }
      const answer = await response.json();
      if (!answer.busy) { location.reload(); return; }
      if (answer.percent === null) bar.removeAttribute('value'); else bar.value = answer.percent;
      percent.textContent = answer.percent === null ? '' : answer.percent + '%';
      text.textContent = answer.text;
    } catch (error) { /* asked again below */ }
    setTimeout(look, pause);
    pause = Math.min(pause * 1.1, 5000);
  };
  setTimeout(look, pause);
}());
