/* Sends a file while the page stays. Other scripts ask with a CustomEvent 'upload':
   {url, data: FormData, progress(percent), done(answer), fail(message), offline()}. */
(function () {
  'use strict';
  const words = document.getElementById('words').dataset;
  const csrf = () => { const m = document.querySelector('meta[name=csrf-token]'); return m ? m.content : ''; };

  const send = ask => {
    const request = new XMLHttpRequest();
    request.open('POST', ask.url);
    request.setRequestHeader('Accept', 'application/json');
    request.setRequestHeader('X-CSRFToken', csrf());
    request.upload.addEventListener('progress', e => { if (e.lengthComputable) ask.progress(Math.round(100 * e.loaded / e.total)); });
    request.addEventListener('load', () => {
      let answer = null;
      try { answer = JSON.parse(request.responseText); } catch (err) { /* a page instead of an answer: refused */ }
      if (request.status === 401) {
        ask.fail(words.expired);
        document.dispatchEvent(new CustomEvent('login-needed', { detail: { then: () => send(ask) } }));
      } else if (request.status >= 200 && request.status < 300 && answer) ask.done(answer);
      else ask.fail((answer && answer.message) || words.refused);
    });
    request.addEventListener('error', () => ask.offline());
    request.send(ask.data);
  };
  document.addEventListener('upload', e => send(e.detail));
}());
