/* Drafts: a form with data-draft-url is saved on leaving a field and two seconds after typing, only when something changed. */
(function () {
  'use strict';
  const words = document.getElementById('words').dataset;
  const csrf = () => { const m = document.querySelector('meta[name=csrf-token]'); return m ? m.content : ''; };
  const LONGEST_WAIT = 5000;
  const skip = /^(csrf_token|version|action|next)$/;

  const collect = form => {
    const values = {};
    Array.from(form.elements).forEach(c => {
      if (!c.name || skip.test(c.name) || (/^(submit|button|file|hidden|password|fieldset)$/.test(c.type) && c.dataset.picked === undefined) || c.closest('[data-fixed]')) return;
      const seen = Object.prototype.hasOwnProperty.call(values, c.name), on = !c.disabled;
      if (c.type === 'checkbox') { values[c.name] = [seen ? values[c.name] : '', on && c.checked ? c.value : ''].filter(Boolean).join(','); } else if (c.type === 'radio') { if (!seen) values[c.name] = ''; if (on && c.checked) values[c.name] = c.value; } else values[c.name] = on ? c.value : '';
    });
    return values;
  };

  const start = form => {
    const bar = form.querySelector('[data-save-state]') || document.querySelector('[data-save-state]');
    let saved = JSON.stringify(collect(form)), running = false, again = false, timer = 0, retry = 0, stopped = false, paused = false, leaving = false;
    let waiting = false, request = null;     // whether the form waits for the answer to the draft under way
    const dirty = () => JSON.stringify(collect(form)) !== saved;

    const show = (kind, text, action) => {
      if (!bar) return;
      bar.className = 'save-state ' + kind; bar.textContent = text;
      if (action) { const b = document.createElement('button'); b.type = 'button'; b.className = 'btn btn-link btn-sm'; b.textContent = action.label; b.addEventListener('click', action.run); bar.append(' ', b); }
    };
    // problems the server sees while one is still filling in: soft, beside the field
    const warn = problems => {
      form.querySelectorAll('.field-warn[data-auto]').forEach(p => p.remove());
      Object.entries(problems || {}).forEach(([name, text]) => {
        const c = form.elements[name], one = c && (c.length && !c.tagName ? c[0] : c), group = one && one.closest('.form-group');
        if (!group || !text) return;
        const p = document.createElement('p'); p.className = 'field-warn'; p.dataset.auto = '1'; p.setAttribute('role', 'status');
        const i = document.createElement('i'); i.className = 'fa-solid fa-triangle-exclamation'; i.setAttribute('aria-hidden', 'true');
        p.append(i, text); group.appendChild(p);
      });
    };
    const clock = text => { const m = /(\d{2}:\d{2})(?::\d{2})?/.exec(text || ''), d = new Date(); return m ? m[1] : String(d.getHours()).padStart(2, '0') + ':' + String(d.getMinutes()).padStart(2, '0'); };

    const answered = async (answer, sent) => {
      const data = await answer.json().catch(() => null), type = answer.headers.get('Content-Type') || '';
      if (answer.status === 401 || answer.redirected || (answer.ok && (!data || !type.includes('json')))) {
        const login = () => document.dispatchEvent(new CustomEvent('login-needed', { detail: { then: () => { paused = false; save(); } } }));
        paused = true; again = false;
        show('bad', words.expired, { label: words.login, run: login }); login(); return;
      }
      if (answer.status === 409) { stopped = true; show('bad', (data && data.message) || words.conflict); return; }
      if (answer.status >= 500 || answer.status === 429) { later(); show('warnc', words.failed.replace('{seconds}', Math.round(retry / 1000))); return; }
      if (!answer.ok) { show('bad', (data && data.message) || words.refused); return; }
      saved = sent; retry = 0;
      if (data.version !== undefined) form.dataset.version = data.version;
      warn(data.problems);
      show('okc', words.saved.replace('{time}', clock(data.saved_at)));
    };
    const later = () => { retry = Math.min(60000, (retry || 2500) * 2); clearTimeout(timer); timer = setTimeout(save, retry); };

    async function save() {
      clearTimeout(timer);
      if (stopped || paused || leaving || waiting || !dirty()) return;
      if (running) { again = true; return; }
      running = true; request = new AbortController();
      const values = collect(form), sent = JSON.stringify(values);
      show('', words.saving);
      try {
        await answered(await fetch(form.dataset.draftUrl, {
          method: 'POST', credentials: 'same-origin', headers: { 'Content-Type': 'application/json', Accept: 'application/json', 'X-CSRFToken': csrf() },
          signal: request.signal, body: JSON.stringify({ version: form.dataset.version || '', values })
        }), sent);
      } catch (err) { show('warnc', words.offline); later(); }
      running = false; form.dispatchEvent(new Event('draft-answered'));
      if (again) { again = false; save(); }
    }

    form.addEventListener('input', () => { if (!stopped) { clearTimeout(timer); timer = setTimeout(save, 2000); } });
    form.addEventListener('change', () => setTimeout(save, 0));
    form.addEventListener('focusout', () => setTimeout(save, 0));
    // A draft still under way would come after the save and outlive it: the form is sent when it is answered, or given up.
    form.addEventListener('submit', e => {
      if (!running) return;
      e.preventDefault(); e.stopImmediatePropagation();
      if (waiting) return;
      const late = setTimeout(() => request.abort(), LONGEST_WAIT); waiting = true;
      form.addEventListener('draft-answered', () => {
        clearTimeout(late); waiting = again = false; form.requestSubmit(e.submitter || undefined);
      }, { once: true });
    }, true);
    window.addEventListener('submit', e => { if (e.target === form) leaving = !e.defaultPrevented; });
    window.addEventListener('online', save);
    window.addEventListener('pageshow', () => { leaving = false; });
    window.addEventListener('beforeunload', e => { if (!leaving && dirty()) { save(); e.preventDefault(); e.returnValue = ''; } });
  };

  document.querySelectorAll('form[data-draft-url]').forEach(start);
}());
