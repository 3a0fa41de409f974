// Node as a peer: README.md says what it reads and writes.

import { once } from "node:events";
import { readFileSync } from "node:fs";
import https from "node:https";
import { createInterface } from "node:readline";

const SERVER_NAME = "supplier.example.com";
const ANSWER =
  '<cXML payloadID="1@node" timestamp="2026-11-22T04:00:01Z"><Response><Status code="200" text="OK"/></Response></cXML>';

console.log(`ready Node ${process.versions.node} (OpenSSL ${process.versions.openssl})`);
for await (const line of createInterface({ input: process.stdin })) {
  const [command, ...words] = line.trim().split(/\s+/);
  try {
    console.log(await (command === "serve" ? serve(...words) : post(...words)));
  } catch (error) {
    console.log(outcome(error));
  }
}

// Takes one connection.
async function serve(chain, key, root, ...options) {
  const server = https.createServer({ ...files(chain, key, root), requestCert: true, ...settings(options) });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  console.log(`port ${server.address().port}`);
  try {
    return await new Promise((resolve, reject) => {
      server.on("tlsClientError", reject);
      server.on("request", (request, response) => {
        const seen = request.socket.getPeerCertificate().subject.CN;
        request.resume().on("end", () => response.setHeader("Content-Type", "text/xml").end(ANSWER));
        response.on("error", reject).on("close", () => resolve(`done CN=${seen}`));
      });
      // A client that it does not trust it drops without an event, once the handshake is over.
      server.on("connection", (socket) => socket.on("close", () => resolve("refused closed without an alert")));
    });
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

// Posts one order.
async function post(port, chain, key, root, order, ...options) {
  const request = https.request({
    ...files(chain, key, root),
    ...settings(options),
    host: "127.0.0.1",
    port,
    path: "/orders",
    method: "POST",
    servername: SERVER_NAME,
    agent: false,
    headers: { Host: SERVER_NAME, "Content-Type": "text/xml; charset=UTF-8" },
  });
  request.end(readFileSync(order));
  const [response] = await once(request, "response");
  const seen = response.socket.getPeerCertificate().subject.CN;
  const body = Buffer.concat(await response.toArray()).toString();
  if (response.statusCode !== 200 || !body.includes('code="200"')) throw new Error(`HTTP ${response.statusCode}: ${body}`);
  return `done CN=${seen}`;
}

function files(chain, key, root) {
  const own = chain === "-" ? {} : { cert: readFileSync(chain), key: readFileSync(key) };
  return { ca: readFileSync(root), ...own };
}

function settings(options) {
  if (options.some((option) => option !== "tls12")) throw new Error(`no such options: ${options}`);
  return options.length === 0 ? {} : { maxVersion: "TLSv1.2" };
}

function outcome(error) {
  const alert = /SSL alert number (\d+)/.exec(error.message);
  if (alert) return `got ${alert[1]}`;
  const text = `${error.code ?? error.name}: ${error.message}`.replaceAll("\n", " ").trim();
  return error.library || error.reason || /CERT|ISSUER|PURPOSE|SIGNATURE/.test(error.code) ? `refused ${error.code}` : `failed ${text}`;
}
