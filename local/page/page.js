// The page of local/sent-page.ts. Everything received is written as text, never as HTML;
// a mail's own HTML is only ever loaded into the sandboxed frame.

const find = (id) => document.getElementById(id);
const seen = new Set();
const choice = { number: 0, view: 'html', width: 'desk', mail: undefined };

async function refresh() {
  const [{ messages }, { texts }] = await Promise.all([readJson('/api/messages'), readJson('/api/texts')]);
  find('mail-count').textContent = String(messages.length);
  find('text-count').textContent = String(texts.length);
  document.title =
    messages.length + texts.length === 0
      ? 'What was sent'
      : `(${messages.length + texts.length}) What was sent`;
  if (!messages.some((mail) => mail.number === choice.number)) choice.number = numberInAddress(messages);
  showList(messages);
  showTexts(texts);
  await showMail();
}

function showList(messages) {
  seen.add(choice.number);
  find('mail-list').replaceChildren(
    ...messages.map((mail) => {
      const button = build('button', { type: 'button', className: seen.has(mail.number) ? '' : 'new' });
      button.setAttribute('aria-current', String(mail.number === choice.number));
      button.append(
        build('strong', { textContent: mail.subject || '(no subject)' }),
        buildTime(mail.receivedAt),
        build('span', { className: 'to', textContent: mail.envelope.to.join(', ') }),
        build('span', { className: 'preview', textContent: mail.preview }),
      );
      button.addEventListener('click', () => {
        location.hash = `mail-${mail.number}`;
      });
      const item = document.createElement('li');
      item.append(button);
      return item;
    }),
  );
}

async function showMail() {
  const isThere = choice.number > 0;
  find('reader').hidden = !isThere;
  find('no-mail').hidden = isThere;
  if (!isThere) {
    choice.mail = undefined;
    return;
  }
  // What is on the stage already stays there: a new mail in the list must not reload the one being read.
  if (choice.mail?.number === choice.number) return;
  const mail = await readJson(`/api/messages/${choice.number}`);
  choice.mail = mail;
  find('subject').textContent = mail.subject || '(no subject)';
  find('face').textContent = (mail.from || '?').slice(0, 1).toUpperCase();
  find('from').textContent = mail.from;
  find('to').textContent = mail.to.join(', ') || mail.envelope.to.join(', ');
  find('received').textContent = new Date(mail.receivedAt).toLocaleString(undefined, {
    dateStyle: 'medium',
    timeStyle: 'medium',
  });
  showStage();
}

function showStage() {
  const { mail, view, width } = choice;
  for (const tab of document.querySelectorAll('[data-view]'))
    tab.setAttribute('aria-selected', String(tab.dataset.view === view));
  for (const tab of document.querySelectorAll('[data-width]:not(.stage)'))
    tab.setAttribute('aria-pressed', String(tab.dataset.width === width));
  find('widths').hidden = view !== 'html';
  if (mail === undefined) return;
  const stage = find('stage');
  stage.dataset.width = view === 'html' ? width : 'desk';
  stage.replaceChildren(buildView(mail, view));
}

function buildView(mail, view) {
  if (view === 'headers') return buildHeaders(mail);
  if (view === 'source') return build('pre', { textContent: mail.source });
  if (view === 'text') return build('pre', { textContent: mail.text || 'This mail has no text part.' });
  if (mail.html === '') return build('pre', { textContent: 'This mail has no HTML part.' });
  const frame = document.createElement('iframe');
  frame.setAttribute('sandbox', 'allow-popups allow-popups-to-escape-sandbox');
  frame.title = mail.subject;
  frame.src = `/api/messages/${mail.number}/html`;
  return frame;
}

function buildHeaders(mail) {
  const rows = [
    ['Envelope from', mail.envelope.from],
    ['Envelope to', mail.envelope.to.join(', ')],
    ...mail.headers.map(({ name, value }) => [name, value]),
  ];
  const table = document.createElement('table');
  for (const [name, value] of rows) {
    const row = table.insertRow();
    row.append(build('th', { textContent: name }), build('td', { textContent: value }));
  }
  return table;
}

function showTexts(texts) {
  if (texts.length === 0) {
    const nothing = build('div', { className: 'nothing' });
    nothing.append(build('p', { textContent: 'No texts yet' }));
    find('text-list').replaceChildren(nothing);
    return;
  }
  find('text-list').replaceChildren(...texts.flatMap((text) => buildText(text)));
}

function buildText(text) {
  const head = build('p', { className: 'day' });
  head.append(build('b', { textContent: text.to }), ' ', buildTime(text.receivedAt));
  const bubble = build('div', { className: 'bubble' });
  bubble.append(...linkAddresses(text.body));
  const parts = `${text.segments} ${text.segments === 1 ? 'segment' : 'segments'}`;
  return [
    head,
    bubble,
    build('p', { className: 'meta', textContent: `from ${text.from} · ${parts} · ${text.encoding}` }),
  ];
}

function linkAddresses(body) {
  return body
    .split(/(https?:\/\/[^\s<>"]*[^\s<>".,;:!?)])/)
    .map((part, index) =>
      index % 2 === 0
        ? part
        : build('a', { href: part, target: '_blank', rel: 'noreferrer', textContent: part }),
    );
}

function buildTime(instant) {
  const date = new Date(instant);
  const isToday = date.toDateString() === new Date().toDateString();
  const textContent = date.toLocaleString(
    undefined,
    isToday ? { timeStyle: 'short' } : { dateStyle: 'medium' },
  );
  return build('time', { dateTime: instant, title: date.toString(), textContent });
}

function build(tag, properties) {
  return Object.assign(document.createElement(tag), properties);
}

async function readJson(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

function numberInAddress(messages) {
  const asked = Number(/^#mail-(\d+)$/.exec(location.hash)?.[1] ?? 0);
  return messages.some((mail) => mail.number === asked) ? asked : (messages[0]?.number ?? 0);
}

function setLive(isLive) {
  find('live').dataset.live = isLive ? 'yes' : 'no';
  find('live').querySelector('b').textContent = isLive ? 'live' : 'not connected';
}

// One refresh at a time: a burst of changes ends in one more reading, not in a race of many.
let running = Promise.resolve();
let isAsked = false;
function askRefresh() {
  if (isAsked) return;
  isAsked = true;
  running = running.then(() => {
    isAsked = false;
    return refresh().catch(() => setLive(false));
  });
}

const changes = new EventSource('/api/changes');
changes.addEventListener('open', () => {
  // After a restart of the stack the numbers begin again: what was read before is no longer what it was.
  choice.mail = undefined;
  seen.clear();
  setLive(true);
});
changes.addEventListener('error', () => setLive(false));
changes.addEventListener('change', askRefresh);

window.addEventListener('hashchange', () => {
  choice.number = 0;
  askRefresh();
});
for (const tab of document.querySelectorAll('[data-view]')) {
  tab.addEventListener('click', () => {
    choice.view = tab.dataset.view;
    showStage();
  });
}
for (const tab of document.querySelectorAll('#widths [data-width]')) {
  tab.addEventListener('click', () => {
    choice.width = tab.dataset.width;
    showStage();
  });
}
for (const [button, path] of [
  ['clear-mail', '/api/messages'],
  ['clear-texts', '/api/texts'],
]) {
  find(button).addEventListener('click', () => {
    fetch(path, { method: 'DELETE' }).catch(() => setLive(false));
  });
}
showStage();
