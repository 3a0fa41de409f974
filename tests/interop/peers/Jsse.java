import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Scanner;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/** JSSE as a peer: README.md says what it reads and writes. */
public final class Jsse {
    static final String SERVER_NAME = "supplier.example.com";
    static final String ANSWER = "<cXML payloadID=\"1@java\" timestamp=\"2026-11-22T04:00:01Z\"><Response>"
            + "<Status code=\"200\" text=\"OK\"/></Response></cXML>";
    static final int LIMIT_MILLISECONDS = 20_000;
    static final Logger LOG = Logger.getLogger("javax.net.ssl");
    static final Alerts ALERTS = new Alerts();
    static final Map<List<String>, SSLContext> CONTEXTS = new HashMap<>();

    public static void main(String[] arguments) {
        // With no value it logs by the logger above, where alerts can be seen.
        System.setProperty("javax.net.debug", "");
        LOG.setUseParentHandlers(false);
        LOG.setLevel(Level.ALL);
        LOG.addHandler(ALERTS);
        say("ready Java " + Runtime.version().feature() + " (JSSE " + System.getProperty("java.version") + ")");
        for (Scanner lines = new Scanner(System.in); lines.hasNextLine();) {
            List<String> words = List.of(lines.nextLine().trim().split("\\s+"));
            ALERTS.end = null;
            try {
                say("done " + (words.get(0).equals("serve") ? serve(words) : post(words)));
            } catch (Exception error) {
                say(ALERTS.end != null ? ALERTS.end : "failed " + error);
            }
        }
    }

    /** Takes one connection, and gives who the client is. */
    static String serve(List<String> words) throws Exception {
        SSLContext context = context(words, 1);
        Socket plain;
        try (var listener = new java.net.ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            say("port " + listener.getLocalPort());
            plain = listener.accept();
        }
        try (plain) {
            var connection = (SSLSocket) context.getSocketFactory().createSocket(plain, InputStream.nullInputStream(), false);
            SSLParameters parameters = parameters(connection, words.subList(4, words.size()));
            parameters.setNeedClientAuth(true);
            connection.setSSLParameters(parameters);
            try {
                readMessage(connection.getInputStream());
                connection.getOutputStream().write(message("HTTP/1.1 200 OK", ANSWER.getBytes(StandardCharsets.UTF_8)));
                connection.close();
                return commonName(connection);
            } finally {
                linger(plain);
            }
        }
    }

    /** Posts one order, and gives who the server is. */
    static String post(List<String> words) throws Exception {
        SSLContext context = context(words, 2);
        try (var plain = new Socket()) {
            plain.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(words.get(1))));
            var connection = (SSLSocket) context.getSocketFactory().createSocket(plain, SERVER_NAME, 443, false);
            SSLParameters parameters = parameters(connection, words.subList(6, words.size()));
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            connection.setSSLParameters(parameters);
            try {
                byte[] order = Files.readAllBytes(Path.of(words.get(5)));
                connection.getOutputStream().write(message("POST /orders HTTP/1.1\r\nHost: " + SERVER_NAME, order));
                String answer = readMessage(connection.getInputStream());
                if (!answer.startsWith("HTTP/1.1 200 ") || !answer.contains("code=\"200\"")) {
                    throw new IOException("HTTP: " + answer.lines().findFirst());
                }
                connection.close();
                return commonName(connection);
            } finally {
                linger(plain);
            }
        }
    }

    /** A context for the files from this place on; with the option "tickets" that of earlier connections, which has their sessions. */
    static SSLContext context(List<String> words, int first) throws Exception {
        List<String> files = words.subList(first, first + 3);
        boolean resumes = words.contains("tickets");
        SSLContext known = resumes ? CONTEXTS.get(files) : null;
        SSLContext context = known != null ? known : context(files.get(0), files.get(1), files.get(2));
        if (resumes) {
            CONTEXTS.put(List.copyOf(files), context);
        }
        return context;
    }

    /** What is shown and who is trusted, from PEM files. */
    static SSLContext context(String chain, String key, String root) throws Exception {
        KeyManager[] shown = null;
        if (!chain.equals("-")) {
            KeyStore own = emptyStore();
            own.setKeyEntry("own", key(key), new char[0], certificates(chain).toArray(Certificate[]::new));
            var factory = KeyManagerFactory.getInstance("PKIX");
            factory.init(own, new char[0]);
            shown = factory.getKeyManagers();
        }
        KeyStore anchors = emptyStore();
        anchors.setCertificateEntry("root", certificates(root).get(0));
        var trusted = TrustManagerFactory.getInstance("PKIX");
        trusted.init(anchors);
        var context = SSLContext.getInstance("TLS");
        context.init(shown, trusted.getTrustManagers(), null);
        return context;
    }

    static KeyStore emptyStore() throws Exception {
        var store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        return store;
    }

    static List<? extends Certificate> certificates(String file) throws Exception {
        try (InputStream pem = Files.newInputStream(Path.of(file))) {
            return List.copyOf(CertificateFactory.getInstance("X.509").generateCertificates(pem));
        }
    }

    static PrivateKey key(String file) throws Exception {
        String text = Files.readString(Path.of(file)).replaceAll("-----[A-Z ]+-----|\\s", "");
        var der = new PKCS8EncodedKeySpec(Base64.getDecoder().decode(text));
        try {
            return KeyFactory.getInstance("EC").generatePrivate(der);
        } catch (java.security.spec.InvalidKeySpecException notOfCurves) {
            return KeyFactory.getInstance("RSA").generatePrivate(der);
        }
    }

    /** Protocols and groups; these are no parameters before Java 20, but a property that is read once. */
    static SSLParameters parameters(SSLSocket connection, List<String> options) {
        SSLParameters parameters = connection.getSSLParameters();
        for (String option : options) {
            if (option.equals("tickets")) {
                continue;
            }
            if (!option.equals("tls12")) {
                throw new IllegalArgumentException("no such option: " + option);
            }
            parameters.setProtocols(new String[] {"TLSv1.2"});
        }
        return parameters;
    }

    static byte[] message(String start, byte[] body) throws IOException {
        var bytes = new ByteArrayOutputStream();
        String head = start + "\r\nContent-Type: text/xml\r\nContent-Length: " + body.length + "\r\nConnection: close\r\n\r\n";
        bytes.write(head.getBytes(StandardCharsets.US_ASCII));
        bytes.write(body);
        return bytes.toByteArray();
    }

    /** Reads one HTTP message: its head, and as much body as that says. */
    static String readMessage(InputStream input) throws IOException {
        var received = new StringBuilder();
        while (received.indexOf("\r\n\r\n") < 0) {
            int next = input.read();
            if (next < 0) {
                throw new IOException("it closed inside of a message");
            }
            received.append((char) next);
        }
        var length = Pattern.compile("(?i)content-length: *(\\d+)").matcher(received);
        byte[] body = input.readNBytes(length.find() ? Integer.parseInt(length.group(1)) : 0);
        return received + new String(body, StandardCharsets.UTF_8);
    }

    static String commonName(SSLSocket connection) throws Exception {
        var leaf = (X509Certificate) connection.getSession().getPeerCertificates()[0];
        return Arrays.stream(leaf.getSubjectX500Principal().getName().split(",")).filter(part -> part.startsWith("CN=")).findFirst().get();
    }

    /** A socket that is closed with unread data is reset, and an alert may be lost: this reads the rest. */
    static void linger(Socket plain) {
        try {
            plain.setSoTimeout(LIMIT_MILLISECONDS);
            plain.shutdownOutput();
            plain.getInputStream().transferTo(java.io.OutputStream.nullOutputStream());
        } catch (IOException alreadyClosed) {
            // Nothing is left to read.
        }
    }

    static void say(String line) {
        System.out.println(line.replace('\n', ' '));
    }

    /** Sees the alerts that JSSE logs: {@code Fatal (NAME): Received fatal alert: name}, or why it sent one. */
    static final class Alerts extends Handler {
        static final Pattern FATAL = Pattern.compile("Fatal \\((\\w+)\\): (Received fatal alert)?");
        static final List<Object> NUMBERS = List.of(
                "UNEXPECTED_MESSAGE", 10, "BAD_RECORD_MAC", 20, "RECORD_OVERFLOW", 22, "HANDSHAKE_FAILURE", 40,
                "BAD_CERTIFICATE", 42, "UNSUPPORTED_CERTIFICATE", 43, "CERTIFICATE_REVOKED", 44,
                "CERTIFICATE_EXPIRED", 45, "CERTIFICATE_UNKNOWN", 46, "ILLEGAL_PARAMETER", 47, "UNKNOWN_CA", 48,
                "ACCESS_DENIED", 49, "DECODE_ERROR", 50, "DECRYPT_ERROR", 51, "PROTOCOL_VERSION", 70,
                "INTERNAL_ERROR", 80, "UNRECOGNIZED_NAME", 112, "CERTIFICATE_REQUIRED", 116,
                "NO_APPLICATION_PROTOCOL", 120);

        volatile String end;

        @Override
        public void publish(LogRecord record) {
            var fatal = FATAL.matcher(record.getMessage());
            if (end == null && fatal.lookingAt()) {
                int place = NUMBERS.indexOf(fatal.group(1));
                end = (fatal.group(2) == null ? "sent " : "got ") + (place < 0 ? fatal.group(1) : NUMBERS.get(place + 1));
            }
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }
}
