/** Plain words for states, reasons, sizes and times. */

/** Why a preview failed, by the reasons of docs/failures.md. */
const PREVIEW_REASONS = {
  bad_url: 'The address is not valid.',
  forbidden_port: 'Addresses with this port get no preview.',
  forbidden_host: 'The operator does not allow previews of this site.',
  forbidden_address: 'This is a private address, so it gets no preview.',
  robots: 'The site does not allow previews of this page.',
  busy: 'The site is busy with other requests.',
  dns: 'There is no site with this name.',
  refused: 'The site does not answer.',
  closed: 'The site closed the connection.',
  timeout: 'The site took too long.',
  tls: 'The site’s certificate is not valid.',
  too_many_redirects: 'The page redirects too often.',
  too_many_requests: 'The page needs too many requests.',
  bad_redirect: 'The page redirects to nowhere.',
  not_html: 'This kind of file has no preview.',
  wall: 'The page is behind a log-in or a question.',
  too_large: 'The page is too large.',
  bad_response: 'The site’s answer cannot be read.',
  broken: 'The preview failed; the operator’s log has the reason.',
};

/** Why a text was not rendered. */
const RENDER_REASONS = {
  refused: 'The text has a construct that cannot be rendered.',
  deadline: 'The text takes too long to render.',
  crashed: 'The text cannot be rendered: its renderer stopped.',
  broken: 'The text cannot be rendered: the renderer has an error.',
  cancelled: 'The change was cancelled.',
};

/** @param {string | null} reason */
export function previewReason(reason) {
  const known = PREVIEW_REASONS[/** @type {keyof typeof PREVIEW_REASONS} */ (reason ?? '')];
  if (known) return known;
  const status = /^http_(\d+)$/.exec(reason ?? '')?.[1];
  if (status === '404' || status === '410') return 'The page does not exist.';
  if (status === '401' || status === '403') return 'The site does not show this page to everybody.';
  if (status) return `The site answered with an error (${status}).`;
  return 'There is no preview.';
}

/** @param {string | undefined} reason */
export function renderReason(reason) {
  return (
    RENDER_REASONS[/** @type {keyof typeof RENDER_REASONS} */ (reason ?? '')] ??
    'The text could not be rendered.'
  );
}

/** @param {number} bytes */
export function size(bytes) {
  const units = ['bytes', 'KB', 'MB', 'GB', 'TB'];
  let at = 0;
  let value = bytes;
  for (; value >= 1000 && at < units.length - 1; at += 1) value /= 1000;
  return `${at ? value.toPrecision(3) : value} ${units[at]}`;
}

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'narrow' });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

/**
 * @param {string} at
 * @param {number} now
 */
export function ago(at, now = Date.now()) {
  const seconds = Math.round((Date.parse(at) - now) / 1000);
  if (seconds > -45) return 'now';
  if (seconds > -3600) return relative.format(Math.round(seconds / 60), 'minute');
  if (seconds > -86_400) return relative.format(Math.round(seconds / 3600), 'hour');
  if (seconds > -6 * 86_400) return relative.format(Math.round(seconds / 86_400), 'day');
  return day.format(new Date(at));
}

/** @param {string} at */
export function exactly(at) {
  const time = new Date(at);
  return Number.isNaN(time.getTime()) ? at : exact.format(time);
}

/** @param {string} at */
export function onDay(at) {
  const time = new Date(at);
  return Number.isNaN(time.getTime()) ? '' : day.format(time);
}

/** @param {string} url */
export function hostOf(url) {
  try {
    return new URL(url).host.replace(/^www\./, '');
  } catch {
    return url;
  }
}
