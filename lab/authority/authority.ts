/**
 * The lab's certificate authority: signs Azure Resource Manager's endpoint and every server, with names and addresses.
 *
 * Key and certificate lie in one folder, so that a lab that is started again keeps the authority its clients trust.
 */
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { webcrypto } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';

export interface Certificate {
  /** PEM, PKCS #8. */
  key: string;
  /** PEM. */
  certificate: string;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const validDays = 3650;

x509.cryptoProvider.set(webcrypto);

export class Authority {
  private constructor(
    readonly file: string,
    /** PEM: what clients trust. */
    readonly certificate: string,
    private readonly root: x509.X509Certificate,
    private readonly key: webcrypto.CryptoKey,
  ) {}

  /** Opens the authority in `folder`, and makes one where there is none: `ca.pem` (for everybody) and `ca.key` (0600). */
  static async open(folder: string): Promise<Authority> {
    const [file, keyFile] = [join(folder, 'ca.pem'), join(folder, 'ca.key')];
    if (!existsSync(file)) await createRoot(folder, file, keyFile);
    const certificate = await readFile(file, 'utf8');
    const pkcs8 = x509.PemConverter.decodeFirst(await readFile(keyFile, 'utf8'));
    const key = await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']);
    return new Authority(file, certificate, new x509.X509Certificate(certificate), key);
  }

  /** A server's certificate for DNS names and IP addresses. Throws when none is given. */
  async issue(names: string[]): Promise<Certificate> {
    const [first] = names;
    if (!first) throw new Error('a certificate needs at least one name or address');
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const certificate = await x509.X509CertificateGenerator.create({
      ...validity(),
      subject: [{ CN: [first] }],
      issuer: this.root.subject,
      publicKey: keys.publicKey,
      signingKey: this.key,
      signingAlgorithm: algorithm,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: isIP(value) ? 'ip' : 'dns', value }))),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
        await x509.AuthorityKeyIdentifierExtension.create(this.root.publicKey),
      ],
    });
    return { key: await exportKey(keys.privateKey), certificate: `${certificate.toString('pem')}\n` };
  }
}

async function createRoot(folder: string, file: string, keyFile: string): Promise<void> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity(),
    name: [{ O: ['Durable runbooks'] }, { CN: ['Lab certificate authority'] }],
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  await mkdir(folder, { recursive: true });
  await writeFile(keyFile, await exportKey(keys.privateKey), { mode: 0o600 });
  await writeFile(file, `${root.toString('pem')}\n`, { mode: 0o644 });
}

/** From yesterday on: clocks of two machines differ. */
function validity(): { notBefore: Date; notAfter: Date } {
  const day = 24 * 60 * 60 * 1000;
  return { notBefore: new Date(Date.now() - day), notAfter: new Date(Date.now() + validDays * day) };
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', key);
  return `${x509.PemConverter.encode(pkcs8, x509.PemConverter.PrivateKeyTag)}\n`;
}
