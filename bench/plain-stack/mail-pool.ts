import { createTransport, type Transporter } from 'nodemailer';
import { readSetting } from './settings.ts';

/** nodemailer as its documentation shows it: a pool, one sender. */
export function openPool(connections: number): Transporter {
  const { hostname, port } = new URL(readSetting('SMTP_URL'));
  return createTransport(
    { host: hostname, port: Number(port), secure: false, pool: true, maxConnections: connections },
    { from: 'Scholar Desk <hello@example.com>' },
  );
}
