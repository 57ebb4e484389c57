/* Captchas: another one without leaving the page. Other scripts show one with a CustomEvent 'captcha' {box, captcha}. */
(function () {
  'use strict';
  const words = document.getElementById('words').dataset;
  const show = (box, c) => {
    const picture = box.querySelector('[data-picture]'), question = box.querySelector('[data-question]'), input = box.querySelector('[name=captcha]');
    box.hidden = false; box.querySelector('[name=captcha_key]').value = c.key; input.value = '';
    picture.hidden = !c.image; if (c.image) picture.src = c.image;
    question.hidden = !c.question; question.textContent = c.question;
    tell(box, c.message);
  };
  const tell = (box, text) => { const p = box.querySelector('[data-error]'); p.textContent = text || ''; p.hidden = !text; };
  document.addEventListener('captcha', e => show(e.detail.box, e.detail.captcha));
  document.addEventListener('click', async e => {
    const button = e.target.closest('[name=captcha_new]'), box = button && button.closest('[data-captcha]');
    if (!box) return;
    e.preventDefault(); button.disabled = true;
    try {
      // The token of the page, or of the session that the open dialog has begun.
      const token = (button.form.elements.csrf_token || document.querySelector('meta[name=csrf-token]'));
      const body = new URLSearchParams({ captcha_new: button.value });
      const answer = await fetch(box.dataset.url, { method: 'POST', credentials: 'same-origin', headers: { Accept: 'application/json', 'X-CSRFToken': token.value || token.content }, body });
      if (!answer.ok) throw new Error(answer.status);
      show(box, await answer.json()); box.querySelector('[name=captcha]').focus();
    } catch (err) { tell(box, words.nocaptcha); } finally { button.disabled = false; }
  });
}());
