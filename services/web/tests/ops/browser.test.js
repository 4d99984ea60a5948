import assert from 'node:assert/strict';
import test from 'node:test';
import { browser } from '../../page/static/ops/access/browser.js';

const WEBKIT = 'AppleWebKit/537.36 (KHTML, like Gecko)';

test('a browser is known by what only it says', () => {
  const cases = {
    [`Mozilla/5.0 (X11; Linux x86_64) ${WEBKIT} HeadlessChrome/131.0.0.0 Safari/537.36`]:
      'Chrome 131 on Linux',
    [`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${WEBKIT} Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0`]:
      'Edge 131 on Windows',
    'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0':
      'Firefox 140 on Linux',
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15':
      'Safari 18 on macOS',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1':
      'Safari 18 on iOS',
    [`Mozilla/5.0 (Linux; Android 14) ${WEBKIT} Chrome/131.0.0.0 Mobile Safari/537.36`]:
      'Chrome 131 on Android',
  };
  for (const [agent, words] of Object.entries(cases)) assert.equal(browser(agent), words);
});

test('another agent is shown as it is', () => {
  assert.equal(browser('curl/8.5.0'), 'curl/8.5.0');
  assert.equal(browser(null), 'unknown');
  assert.equal(browser(''), 'unknown');
});
