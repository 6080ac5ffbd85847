// What spares the user a wait or a loss. Every act is an ordinary form: without this file all of it still works.
// Written for Chromium 69: nothing newer than ES2018.
(function () {
  'use strict';

  const RETRY_MS = 5000; // how often a form stopped without network asks whether it is back
  const WITHIN = 'X-Sent-Within', NEXT = 'X-Next-Page'; // fulian/web/within.py
  const RESTORE_MS = 20000; // longer than the server waits before it says 503; also after a download

  let pressed = null; // the button last pressed: old browsers have no event.submitter
  const waiting = new Map(); // form -> the button to press again

  function buttonOf(form) {
    return pressed && pressed.form === form ? pressed : form.querySelector('button:not([type=button])');
  }

  function send(form) {
    const button = buttonOf(form);
    form.dataset.busy = '1';
    if (!button) return;
    const words = button.innerHTML;
    button.dataset.words = words;
    // after the event: a disabled button's name and value would not be sent
    setTimeout(function () {
      if (!form.dataset.busy) return;
      button.disabled = true;
      button.textContent = button.dataset.sending || '正在保存…';
    }, 0);
    setTimeout(function () { restore(form); }, RESTORE_MS);
  }

  function restore(form) {
    if (!form.dataset.busy) return;
    delete form.dataset.busy;
    form.querySelectorAll('button[data-words]').forEach(function (button) {
      button.disabled = false;
      button.innerHTML = button.dataset.words;
      delete button.dataset.words;
    });
  }

  // --- no network -------------------------------------------------------------------------------------------------

  function notice(title, text) {
    const place = document.getElementById('notice');
    if (!place) return;
    place.textContent = '';
    if (!title) return;
    const note = document.createElement('div');
    note.className = 'note n-late my-3';
    const strong = document.createElement('b');
    strong.textContent = title;
    note.append(strong, '　' + text);
    place.append(note);
    note.scrollIntoView({ block: 'center' });
  }

  function keep(form) {
    waiting.set(form, buttonOf(form));
    restore(form);
    notice('未保存，没有网络', '您填的都在这一页。请不要关掉，有网以后会自动再存。');
  }

  function resend() {
    const forms = Array.from(waiting);
    waiting.clear();
    notice('');
    forms.forEach(function (pair) {
      if (document.contains(pair[0]) && pair[1]) pair[1].click();
    });
  }

  function askNetwork() {
    if (!waiting.size || navigator.onLine === false) return;
    const probe = document.querySelector('link[rel=icon]');
    fetch(probe.href, { method: 'HEAD', cache: 'no-store' }).then(resend, function () {});
  }

  window.addEventListener('online', askNetwork);
  setInterval(askNetwork, RETRY_MS);

  // --- sending ----------------------------------------------------------------------------------------------------

  // A form with a text that took time is sent from within the page: where the network fails, page and text are kept.
  function sendWithin(form) {
    const button = buttonOf(form);
    const filled = new FormData(form);
    if (button && button.name) filled.append(button.name, button.value);
    const body = form.enctype === 'multipart/form-data' ? filled : new URLSearchParams(filled);
    send(form);
    fetch(form.action, { method: 'POST', body: body, headers: { Accept: 'text/html', [WITHIN]: '1' } })
      .then(function (reply) {
        return reply.text().then(function (text) { return { reply: reply, text: text }; });
      })
      .then(function (got) { answered(form, got.reply, got.text); }, function () { keep(form); });
  }

  function answered(form, reply, text) {
    const next = reply.headers.get(NEXT);
    if (next) {
      window.location.assign(next);
    } else if (reply.ok || reply.status === 409 || reply.status === 422) {
      const page = new DOMParser().parseFromString(text, 'text/html');
      if (reply.url !== window.location.href) history.pushState(null, '', reply.url);
      document.title = page.title;
      document.body.className = page.body.className;
      document.body.innerHTML = page.body.innerHTML;
      window.scrollTo(0, 0);
      window.htmx.process(document.body);
      prepare();
    } else {
      restore(form);
      failed(text);
    }
  }

  function failed(text) {
    const note = new DOMParser().parseFromString(text, 'text/html').querySelector('.note');
    notice('这一步没有办成', '没有保存任何改动。请再试一次。');
    if (note) document.getElementById('notice').firstChild.replaceWith(note);
  }

  document.addEventListener('click', function (event) {
    const button = event.target.closest && event.target.closest('button');
    if (button && button.form) pressed = button;
  }, true);

  document.addEventListener('submit', function (event) {
    const form = event.target;
    if (form.method !== 'post' || form.hasAttribute('hx-post')) return;
    if (form.dataset.busy) {
      event.preventDefault();
    } else if (navigator.onLine === false) {
      event.preventDefault();
      keep(form);
    } else if (!event.defaultPrevented) {
      waiting.delete(form);
      if (form.querySelector('textarea')) {
        event.preventDefault();
        sendWithin(form);
      } else {
        send(form);
      }
    }
  });

  document.addEventListener('htmx:beforeRequest', function (event) {
    const form = event.detail.elt;
    if (form.tagName !== 'FORM' || form.method !== 'post') return;
    if (form.dataset.busy) event.preventDefault();
    else send(form);
  });
  document.addEventListener('htmx:afterRequest', function (event) {
    if (event.detail.elt.tagName === 'FORM') restore(event.detail.elt);
  });
  document.addEventListener('htmx:sendError', function (event) {
    const form = event.detail.elt;
    if (form.tagName === 'FORM' && form.method === 'post') keep(form);
    else notice('没有网络', '请等信号恢复后再试一次。');
  });
  document.addEventListener('htmx:responseError', function (event) {
    failed(event.detail.xhr.responseText);
  });

  window.addEventListener('pageshow', function (event) {
    if (event.persisted) document.querySelectorAll('form[data-busy]').forEach(restore);
  });

  // --- small things on the page -----------------------------------------------------------------------------------

  const prepared = new WeakSet();

  function each(root, selector, act) {
    root.querySelectorAll(selector).forEach(function (element) {
      if (prepared.has(element)) return;
      prepared.add(element);
      act(element);
    });
  }

  function showPassword(button) {
    const input = document.getElementById(button.dataset.show);
    button.hidden = false;
    button.addEventListener('click', function () {
      const shown = input.type === 'password';
      input.type = shown ? 'text' : 'password';
      button.textContent = shown ? '隐藏' : '显示';
      button.setAttribute('aria-pressed', String(shown));
    });
  }

  function maskAgain(value) {
    setTimeout(function () { value.textContent = value.dataset.mask; }, 1000 * Number(value.dataset.revealSeconds));
  }

  function printPage(button) {
    button.hidden = false;
    button.addEventListener('click', function () { window.print(); });
  }

  // the class dk hides on phones only: without this file the filters simply stand open
  function fold(button) {
    const part = document.getElementById(button.dataset.fold);
    button.hidden = false;
    part.classList.add('dk');
    button.setAttribute('aria-expanded', 'false');
    button.addEventListener('click', function () {
      button.setAttribute('aria-expanded', String(!part.classList.toggle('dk')));
    });
  }

  // somebody who is known needs no number here: the one of her file is used
  function useKnown(part) {
    const chosen = part.querySelector('.cand input:checked');
    const known = Boolean(chosen && /^\d+$/.test(chosen.value)); // not new, nor taken up from elsewhere
    if (known) part.querySelector('input[name$="-name"]').value = chosen.parentNode.querySelector('b').textContent;
    part.querySelectorAll('[data-new-person]').forEach(function (facts) { facts.hidden = known; });
  }

  document.addEventListener('change', function (event) {
    const part = event.target.closest('[data-party]');
    if (part && event.target.closest('.cand')) useKnown(part);
  });

  // another name is another person: whoever was chosen before must be chosen again
  document.addEventListener('input', function (event) {
    const part = event.target.closest('[data-party]');
    if (!part || !event.target.name.endsWith('-name')) return;
    part.querySelectorAll('.cand input:checked').forEach(function (chosen) { chosen.checked = false; });
    useKnown(part);
  });

  function prepare() {
    each(document, '[data-show]', showPassword);
    each(document, '[data-reveal-seconds]', maskAgain);
    each(document, '[data-print]', printPage);
    each(document, '[data-fold]', fold);
    each(document, '[data-focus]', function (element) { element.focus(); });
    document.querySelectorAll('[data-party]').forEach(useKnown);
  }

  document.addEventListener('htmx:load', prepare); // after every part htmx swaps in
  prepare(); // this file is deferred: the page is there
})();
