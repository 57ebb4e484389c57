/* Attachments: a chosen file is sent at once, one after the other, and the list is drawn anew by the server;
   documents are looked at in a layer. What is typed into the form around them stays as it is. */
(function () {
  'use strict';
  const all = (s, root) => Array.from((root || document).querySelectorAll(s));
  const toast = text => document.dispatchEvent(new CustomEvent('toast', { detail: text }));
  const block = document.querySelector('[data-file-block]');
  const queue = [];
  let sending = false;

  const prepare = () => {
    all('[data-without-script]').forEach(b => { b.hidden = true; });
    all('[data-file-add] input[type=file]').forEach(i => { i.multiple = true; });
  };
  const draw = answer => { block.innerHTML = answer.html; prepare(); toast(answer.message); };

  // one line for each file that is on its way or was refused
  const line = file => {
    const li = document.createElement('li'), text = document.createElement('span'), bar = document.createElement('progress');
    bar.max = 100; bar.value = 0; text.textContent = block.dataset.sending.replace('{name}', file.name);
    li.append(text, bar); document.querySelector('[data-file-sending]').appendChild(li);
    return {
      wait: () => { bar.hidden = false; text.textContent = block.dataset.sending.replace('{name}', file.name); li.className = ''; },
      progress: n => { bar.value = n; }, gone: () => li.remove(),
      say: words => { bar.hidden = true; text.textContent = words; li.className = 'field-error'; }
    };
  };

  const next = () => {
    const add = document.querySelector('[data-file-add]');
    if (sending || !queue.length) return;
    const { file, shown } = queue.shift(), data = new FormData();
    if (!add) { shown.say(block.dataset.tooMany); next(); return; }
    data.append('file', file); sending = true;
    const after = () => { sending = false; next(); };
    document.dispatchEvent(new CustomEvent('upload', { detail: {
      url: add.dataset.url, data, progress: n => { shown.wait(); shown.progress(n); },
      done: answer => { shown.gone(); draw(answer); after(); },
      fail: message => { shown.say(file.name + '：' + message); after(); },
      offline: () => { shown.say(block.dataset.offline.replace('{name}', file.name)); after(); }
    } }));
  };

  const take = input => {
    const add = input.closest('[data-file-add]'), files = Array.from(input.files), most = Number(add.dataset.mostMb) * 1048576;
    all('[data-file-sending] .field-error').forEach(li => li.remove());
    files.forEach((file, i) => {
      const shown = line(file);
      if (i >= Number(add.dataset.left)) shown.say(block.dataset.tooMany);
      else if (file.size > most) shown.say(block.dataset.tooBig.replace('{name}', file.name));
      else queue.push({ file, shown });
    });
    input.value = '';
    const zone = input.closest('[data-drop]'); zone.classList.remove('has-file'); zone.querySelector('[data-drop-name]').textContent = '';
    next();
  };

  if (block) {
    prepare();
    document.addEventListener('change', e => { if (e.target.matches('[data-file-add] input[type=file]') && e.target.files.length) take(e.target); });
    // app.js has put the dropped files into the field
    document.addEventListener('drop', e => { const zone = e.target.closest && e.target.closest('[data-file-add] [data-drop]'); if (zone) take(zone.querySelector('input')); });
    document.addEventListener('submit', e => {
      if (e.target.id !== 'files-form' || e.defaultPrevented) return;
      e.preventDefault();
      if (!e.submitter || !e.submitter.hasAttribute('formaction')) return;
      document.dispatchEvent(new CustomEvent('upload', { detail: {
        url: e.submitter.formAction, data: new FormData(), progress: () => {},
        done: answer => { draw(answer); block.closest('section').focus(); }, fail: toast, offline: () => toast(document.getElementById('words').dataset.nosubmit)
      } }));
    });
  }

  // looking at a document: pictures always, a PDF where the browser shows it inside a page
  const dialog = document.querySelector('[data-viewer]');
  const shows = kind => kind === 'image' || (navigator.pdfViewerEnabled && window.matchMedia('(min-width: 992px)').matches);
  const look = link => {
    const kind = link.dataset.look, body = dialog.querySelector('[data-viewer-body]');
    const shown = document.createElement(kind === 'pdf' ? 'iframe' : 'img');
    shown.className = kind === 'pdf' ? 'viewer-pdf' : 'viewer-img';
    shown[kind === 'pdf' ? 'title' : 'alt'] = link.dataset.name; shown.src = link.href + (kind === 'pdf' ? '#navpanes=0&view=FitH' : '');
    if (kind === 'image') shown.addEventListener('click', () => shown.classList.toggle('full'));
    body.replaceChildren(shown);
    dialog.querySelector('[data-viewer-name]').textContent = link.dataset.name;
    dialog.querySelector('[data-viewer-apart]').href = link.href;
    dialog.showModal();
  };
  document.addEventListener('click', e => {
    const link = e.target.closest && e.target.closest('a[data-look]');
    if (link && dialog && dialog.showModal && !e.ctrlKey && !e.metaKey && !e.shiftKey && shows(link.dataset.look)) { e.preventDefault(); look(link); }
    if (e.target.closest && e.target.closest('[data-viewer-close]')) dialog.close();
  });
  if (dialog) dialog.addEventListener('close', () => dialog.querySelector('[data-viewer-body]').replaceChildren());
}());
