/* A lost login is renewed over the open page. Other scripts ask with a CustomEvent 'login-needed' {then: function}.
   Forms with data-keep look before they leave whether the login and the network are still there. */
(function () {
  'use strict';
  const words = document.getElementById('words').dataset;
  const meta = name => { const m = document.querySelector('meta[name=' + name + ']'); return m ? m.content : ''; };
  const dialog = document.getElementById('login-dialog');
  const waiting = [];

  const token = value => {
    if (!value) return;
    const m = document.querySelector('meta[name=csrf-token]'); if (m) m.content = value;
    document.querySelectorAll('input[name=csrf_token]').forEach(i => { i.value = value; });
  };
  const need = then => {
    if (then) waiting.push(then);
    if (dialog && dialog.showModal && !dialog.open) { dialog.showModal(); dialog.querySelector('[name=' + (dialog.querySelector('[name=username]').value ? 'password' : 'username') + ']').focus(); }
  };
  const tell = text => { const p = dialog.querySelector('[data-relogin-error]'); p.textContent = text; p.hidden = !text; };
  const again = data => { // with the new token, and the next captcha if there has to be one
    const box = dialog.querySelector('[data-captcha]');
    tell(data.message || words.badlogin); box.hidden = !data.captcha;
    if (data.captcha) document.dispatchEvent(new CustomEvent('captcha', { detail: { box, captcha: data.captcha } })); else box.querySelector('[name=captcha_key]').value = '';
  };
  document.addEventListener('login-needed', e => need(e.detail && e.detail.then));

  if (dialog) {
    const form = dialog.querySelector('[data-relogin]'), button = form.querySelector('.btn-primary');
    dialog.querySelector('[data-relogin-later]').addEventListener('click', () => dialog.close());
    dialog.addEventListener('close', () => { form.elements.password.value = ''; tell(''); waiting.length = 0; });
    form.addEventListener('submit', async e => {
      e.preventDefault(); button.disabled = true; tell('');
      try {
        // The page's token went with its session; the login needs one of the new session.
        const fresh = await (await fetch(meta('alive-url'), { credentials: 'same-origin', cache: 'no-store', headers: { Accept: 'application/json' } })).json();
        token(fresh.csrf_token);
        const answer = await fetch(meta('login-url'), {
          method: 'POST', credentials: 'same-origin',
          headers: { 'Content-Type': 'application/json', Accept: 'application/json', 'X-CSRFToken': fresh.csrf_token },
          body: JSON.stringify({ entry: form.dataset.entry, username: form.elements.username.value, password: form.elements.password.value, captcha_key: form.elements.captcha_key.value, captcha: form.elements.captcha.value })
        });
        const data = await answer.json().catch(() => ({}));
        if (answer.ok) { const next = waiting.splice(0); token(data.csrf_token); dialog.close(); next.forEach(f => f()); } else { again(data); form.elements.password.select(); }
      } catch (err) { tell(words.nosubmit); } finally { button.disabled = false; }
    });
  }

  const stay = text => {
    let p = document.querySelector('.keep-note');
    if (!text) { if (p) p.remove(); return; }
    if (!p) {
      p = document.createElement('div'); p.className = 'alert alert-warning keep-note'; p.setAttribute('role', 'alert');
      const bar = document.querySelector('form[data-keep] .bar-b'), main = document.getElementById('main');
      if (bar) bar.prepend(p); else main.prepend(p);
    }
    p.textContent = text;
  };
  const send = (form, pressed) => { form.dataset.alive = '1'; stay(''); form.requestSubmit(pressed && pressed.form === form ? pressed : undefined); delete form.dataset.alive; };

  document.addEventListener('submit', async e => {
    const form = e.target, pressed = e.submitter;
    if (form.dataset.keep === undefined || form.dataset.alive || e.defaultPrevented || !meta('alive-url')) return;
    e.preventDefault();
    if (form.dataset.asking) return;
    form.dataset.asking = '1';
    try {
      const answer = await fetch(meta('alive-url'), { credentials: 'same-origin', cache: 'no-store', headers: { Accept: 'application/json' } });
      const data = await answer.json().catch(() => ({}));
      if (answer.status === 401 || data.login === false) { if (dialog) { form.dataset.confirmed = '1'; need(() => { send(form, pressed); delete form.dataset.confirmed; }); } else send(form, pressed); return; }
      token(data.csrf_token);
      form.dataset.confirmed = '1'; send(form, pressed); delete form.dataset.confirmed;
    } catch (err) { stay(words.nosubmit); } finally { delete form.dataset.asking; }
  });
}());
