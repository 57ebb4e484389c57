/* The photo: a picture is chosen, cut in a frame of the right shape, and sent with the frame's place.
   The picture is moved and scaled under the frame by mouse, fingers, wheel, keys and buttons. */
(function () {
  'use strict';
  const box = document.querySelector('[data-photo]'); if (!box) return;
  const FRAME = 0.78; // of the height of the stage
  const PREVIEW = 1600; // longer side of what is drawn while moving
  const $ = s => box.querySelector(s);
  const toast = text => document.dispatchEvent(new CustomEvent('toast', { detail: text }));
  const pointers = new Map();
  let state = null, reading = 0;

  const form = () => $('[data-photo-form]');
  const say = text => { const p = $('[data-photo-error]'); p.textContent = text; p.hidden = !text; };
  const prepare = () => box.querySelectorAll('[data-without-script]').forEach(b => { b.hidden = true; });

  // the frame in pixels of the stage; the picture as it is looked at, turned, in its own pixels
  const frame = () => {
    const stage = $('[data-crop-stage]'), ratio = Number(form().dataset.width) / Number(form().dataset.height), h = stage.height * FRAME;
    return { w: h * ratio, h, x: (stage.width - h * ratio) / 2, y: (stage.height - h) / 2 };
  };
  const size = () => (state.turn % 2 ? { w: state.h, h: state.w } : { w: state.w, h: state.h });
  const bounds = () => { const f = frame(), s = size(); return { least: Math.max(f.w / s.w, f.h / s.h), most: f.w / Number(form().dataset.width) }; };

  const clamp = () => {
    const f = frame(), s = size(), b = bounds();
    state.k = Math.min(Math.max(state.k, b.least), Math.max(b.least, b.most));
    const halfW = f.w / state.k / 2, halfH = f.h / state.k / 2;
    state.cx = Math.min(Math.max(state.cx, halfW), s.w - halfW);
    state.cy = Math.min(Math.max(state.cy, halfH), s.h - halfH);
  };
  const draw = () => {
    clamp();
    const stage = $('[data-crop-stage]'), g = stage.getContext('2d'), f = frame(), s = size(), b = bounds(), range = $('[data-crop-range]');
    g.setTransform(1, 0, 0, 1, 0, 0); g.fillStyle = '#20292d'; g.fillRect(0, 0, stage.width, stage.height);
    g.translate(stage.width / 2, stage.height / 2); g.scale(state.k, state.k); g.translate(s.w / 2 - state.cx, s.h / 2 - state.cy);
    g.rotate(state.turn * Math.PI / 2); g.drawImage(state.preview, -state.w / 2, -state.h / 2, state.w, state.h);
    g.setTransform(1, 0, 0, 1, 0, 0); g.fillStyle = 'rgba(20, 30, 34, .62)';
    g.beginPath(); g.rect(0, 0, stage.width, stage.height); g.rect(f.x, f.y, f.w, f.h); g.fill('evenodd');
    g.strokeStyle = '#fff'; g.lineWidth = 3; g.strokeRect(f.x, f.y, f.w, f.h);
    range.value = b.most > b.least ? 100 * Math.log(state.k / b.least) / Math.log(b.most / b.least) : 0;
  };
  const zoom = factor => { state.k *= factor; draw(); };
  const move = (dx, dy) => { state.cx -= dx / state.k; state.cy -= dy / state.k; draw(); };

  const close = () => {
    if (state && state.preview.close) state.preview.close();
    state = null; pointers.clear(); $('[data-crop]').hidden = true; $('[data-photo-progress]').hidden = true; form().reset();
  };

  const open = async file => {
    const mine = ++reading, d = form().dataset;
    say('');
    if (file.size > Number(d.mostMb) * 1048576) { close(); say(d.tooBig); return; }
    let whole;
    try { whole = await createImageBitmap(file); } catch (err) { close(); say(d.unreadable); return; }
    if (mine !== reading) { whole.close(); return; }
    const w = whole.width, h = whole.height;
    if (w < Number(d.width) || h < Number(d.height)) { whole.close(); close(); say(d.tooSmall.replace('{w}', w).replace('{h}', h)); return; }
    const small = document.createElement('canvas'), part = Math.min(1, PREVIEW / Math.max(w, h));
    small.width = Math.max(1, Math.round(w * part)); small.height = Math.max(1, Math.round(h * part));
    small.getContext('2d').drawImage(whole, 0, 0, small.width, small.height); whole.close();
    state = { file, preview: small, w, h, turn: 0, k: 0, cx: w / 2, cy: h / 2 };
    $('[data-crop]').hidden = false; draw();
    $('[data-crop]').scrollIntoView({ block: 'nearest' }); $('[data-crop-stage]').focus({ preventScroll: true });
  };

  const chosen = () => {
    const f = frame(), w = f.w / state.k, h = f.h / state.k;
    return { x: Math.max(0, Math.round(state.cx - w / 2)), y: Math.max(0, Math.round(state.cy - h / 2)), width: Math.round(w), height: Math.round(h), turn: state.turn };
  };

  const answered = answer => {
    box.innerHTML = answer.html; state = null; prepare(); toast(answer.message);
    // the form of the basic information may be open below: its version has moved along with the photo
    const editor = document.querySelector('form.editor');
    if (editor && answer.version !== null) { editor.dataset.version = answer.version; if (editor.elements.version) editor.elements.version.value = answer.version; }
  };
  const send = (url, data, refused) => {
    const editor = document.querySelector('form.editor');
    data.append('version', editor && editor.elements.version ? editor.elements.version.value : '');
    document.dispatchEvent(new CustomEvent('upload', { detail: {
      url, data, done: answered, fail: refused, offline: () => refused(form() ? form().dataset.offline : ''),
      progress: n => { const bar = $('[data-photo-progress]'); if (bar) { bar.hidden = false; bar.value = n; } }
    } }));
  };

  document.addEventListener('submit', e => {
    if (!box.contains(e.target) || e.defaultPrevented) return;
    e.preventDefault();
    if (e.target.matches('[data-photo-delete]')) { send(e.target.action, new FormData(), toast); return; }
    if (!state || state.sent) return;
    const data = new FormData(), buttons = Array.from(e.target.querySelectorAll('button'));
    data.append('photo', state.file, state.file.name);
    Object.entries(chosen()).forEach(([name, value]) => data.append(name, value));
    state.sent = true; buttons.forEach(b => { b.disabled = true; }); say('');
    send(e.target.action, data, message => { if (state) state.sent = false; buttons.forEach(b => { b.disabled = false; }); $('[data-photo-progress]').hidden = true; say(message); });
  });
  document.addEventListener('change', e => { if (e.target.matches('[data-photo-form] input[type=file]') && e.target.files.length) open(e.target.files[0]); });
  document.addEventListener('input', e => {
    if (!state || !e.target.matches('[data-crop-range]')) return;
    const b = bounds(); state.k = b.least * Math.pow(Math.max(1, b.most / b.least), e.target.value / 100); draw();
  });
  document.addEventListener('click', e => {
    const t = e.target.closest && e.target.closest('[data-crop-zoom], [data-crop-turn], [data-crop-cancel]');
    if (!t || !state) return;
    if (t.matches('[data-crop-cancel]')) { close(); say(''); }
    else if (t.matches('[data-crop-turn]')) { state.turn = (state.turn + 1) % 4; state.k = 0; state.cx = size().w / 2; state.cy = size().h / 2; draw(); }
    else zoom(t.dataset.cropZoom === '1' ? 1.15 : 1 / 1.15);
  });
  document.addEventListener('keydown', e => {
    if (!state || !e.target.matches('[data-crop-stage]')) return;
    const step = e.shiftKey ? 40 : 8, to = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[e.key];
    if (to) move(to[0], to[1]); else if (e.key === '+' || e.key === '=') zoom(1.05); else if (e.key === '-') zoom(1 / 1.05); else return;
    e.preventDefault();
  });

  // mouse and fingers: one moves, two scale
  const spread = () => { const [a, b] = Array.from(pointers.values()); return Math.hypot(a.x - b.x, a.y - b.y); };
  const onStage = (type, fn, options) => box.addEventListener(type, e => { if (state && e.target.matches('[data-crop-stage]')) fn(e, e.target); }, options);
  onStage('pointerdown', (e, stage) => { stage.setPointerCapture(e.pointerId); pointers.set(e.pointerId, { x: e.clientX, y: e.clientY }); });
  onStage('pointermove', (e, stage) => {
    const last = pointers.get(e.pointerId); if (!last) return;
    const per = stage.width / stage.getBoundingClientRect().width, before = pointers.size > 1 ? spread() : 0;
    pointers.set(e.pointerId, { x: e.clientX, y: e.clientY });
    if (before) zoom(spread() / before); else move((e.clientX - last.x) * per, (e.clientY - last.y) * per);
  });
  ['pointerup', 'pointercancel'].forEach(type => onStage(type, e => pointers.delete(e.pointerId)));
  onStage('wheel', e => { e.preventDefault(); zoom(e.deltaY < 0 ? 1.08 : 1 / 1.08); }, { passive: false });
  prepare();
}());
