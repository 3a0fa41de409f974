// Go's crypto/tls as a peer: README.md says what it reads and writes.
package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"reflect"
	"runtime"
	"strings"
	"time"
)

const (
	serverName = "supplier.example.com"
	answer     = `<cXML payloadID="1@go" timestamp="2026-11-22T04:00:01Z"><Response><Status code="200" text="OK"/></Response></cXML>`
	limit      = 20 * time.Second
)

// The tickets of earlier connections, for those with the option to use them.
var sessions = tls.NewLRUClientSessionCache(0)

func main() {
	fmt.Printf("ready Go %s\n", strings.TrimPrefix(runtime.Version(), "go"))
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		var seen *x509.Certificate
		var err error
		if words[0] == "serve" {
			seen, err = serve(words[1], words[2], words[3], words[4:])
		} else {
			seen, err = post(words[1], words[2], words[3], words[4], words[5], words[6:])
		}
		fmt.Println(outcome(seen, err))
	}
}

// Takes one connection.
func serve(chain, key, root string, options []string) (*x509.Certificate, error) {
	config, err := configure(chain, key, root, options)
	if err != nil {
		return nil, err
	}
	config.ClientAuth = tls.RequireAndVerifyClientCert
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer listener.Close()
	fmt.Printf("port %d\n", listener.Addr().(*net.TCPAddr).Port)
	socket, err := listener.Accept()
	if err != nil {
		return nil, err
	}
	defer linger(socket)
	connection := tls.Server(socket, config)
	if err = connection.Handshake(); err != nil {
		return nil, err
	}
	request, err := http.ReadRequest(bufio.NewReader(connection))
	if err != nil {
		return nil, err
	}
	if _, err = io.Copy(io.Discard, request.Body); err != nil {
		return nil, err
	}
	fmt.Fprintf(connection, "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", len(answer), answer)
	return connection.ConnectionState().PeerCertificates[0], connection.CloseWrite()
}

// Posts one order.
func post(port, chain, key, root, order string, options []string) (*x509.Certificate, error) {
	config, err := configure(chain, key, root, options)
	if err != nil {
		return nil, err
	}
	document, err := os.ReadFile(order)
	if err != nil {
		return nil, err
	}
	socket, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		return nil, err
	}
	defer linger(socket)
	connection := tls.Client(socket, config)
	request, _ := http.NewRequest("POST", "https://"+serverName+"/orders", bytes.NewReader(document))
	request.Header.Set("Content-Type", "text/xml; charset=UTF-8")
	request.Close = true
	if err = connection.Handshake(); err == nil {
		err = request.Write(connection)
	}
	if err != nil {
		return nil, err
	}
	response, err := http.ReadResponse(bufio.NewReader(connection), request)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	if err == nil && (response.StatusCode != 200 || !bytes.Contains(body, []byte(`code="200"`))) {
		err = fmt.Errorf("HTTP %s: %s", response.Status, body)
	}
	return connection.ConnectionState().PeerCertificates[0], errors.Join(err, connection.CloseWrite())
}

func configure(chain, key, root string, options []string) (*tls.Config, error) {
	pem, err := os.ReadFile(root)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	config := &tls.Config{ServerName: serverName, RootCAs: roots, ClientCAs: roots}
	if chain != "-" {
		own, err := tls.LoadX509KeyPair(chain, key)
		if err != nil {
			return nil, err
		}
		// Certificates would be compared with the authorities that the server names; this one is shown in any case.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &own, nil }
		config.Certificates = []tls.Certificate{own}
	}
	for _, option := range options {
		switch option {
		case "tls12":
			config.MaxVersion = tls.VersionTLS12
		case "tickets":
			config.SetSessionTicketKeys([][32]byte{{7}})
			config.ClientSessionCache = sessions
		case "groups=P-256":
			config.CurvePreferences = []tls.CurveID{tls.CurveP256}
		case "groups=P-384":
			config.CurvePreferences = []tls.CurveID{tls.CurveP384}
		default:
			return nil, errors.New("no such option: " + option)
		}
	}
	return config, nil
}

// A socket that is closed with unread data is reset, and an alert may be lost.
func linger(socket net.Conn) {
	socket.SetDeadline(time.Now().Add(limit))
	socket.(*net.TCPConn).CloseWrite()
	io.Copy(io.Discard, socket)
	socket.Close()
}

func outcome(seen *x509.Certificate, err error) string {
	if err == nil {
		return "done CN=" + seen.Subject.CommonName
	}
	var ended *net.OpError
	if errors.As(err, &ended) && reflect.ValueOf(ended.Err).Kind() == reflect.Uint8 {
		// The type of alerts has no name outside of the package.
		alert := reflect.ValueOf(ended.Err).Uint()
		if ended.Op == "remote error" {
			return fmt.Sprint("got ", alert)
		}
		return fmt.Sprint("sent ", alert)
	}
	text, _, _ := strings.Cut(strings.ReplaceAll(err.Error(), "\n", " "), ": current time")
	if strings.HasPrefix(text, "tls: ") {
		return "refused " + text
	}
	return "failed " + text
}
