package admin

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"forebay/config"
)

// Entry says who is let in. It is never changed.
type Entry struct {
	token   string         // empty: none is asked for
	tls     *tls.Config    // nil: plain connections
	own     []byte         // our certificate: who has its key may come in
	clients *x509.CertPool // nil: no certificate is asked for
	names   []string       // by which we are called, in small letters
}

func newEntry(cfg config.Admin) (*Entry, error) {
	e := &Entry{token: cfg.Token}
	if bind, err := config.ParseBind(cfg.Listen); err == nil && bind.Network == "tcp" {
		e.names = append(e.names, strings.ToLower(hostOf(bind.Address)))
	}
	if cfg.Cert == "" {
		return e, nil
	}
	certificate, err := tls.LoadX509KeyPair(cfg.Cert, cfg.Key)
	if err != nil {
		return nil, fmt.Errorf("admin_cert: %w", err)
	}
	e.own = certificate.Leaf.Raw
	for _, name := range certificate.Leaf.DNSNames {
		e.names = append(e.names, strings.ToLower(name))
	}
	e.tls = &tls.Config{
		Certificates: []tls.Certificate{certificate}, NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS12,
	}
	if cfg.ClientCA == "" {
		return e, nil
	}
	text, err := os.ReadFile(cfg.ClientCA)
	if err != nil {
		return nil, fmt.Errorf("admin_client_ca: %w", err)
	}
	e.clients = x509.NewCertPool()
	if !e.clients.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("admin_client_ca: %s has no certificate in PEM", cfg.ClientCA)
	}
	// It is the request that is refused and not the handshake: those for /healthz and /readyz need no certificate.
	e.tls.ClientAuth = tls.RequestClientCert
	e.tls.ClientCAs = e.clients
	return e, nil
}

// Why somebody is not let in.
var (
	errToken       = errors.New("a token is needed: Authorization: Bearer TOKEN, or /?token=TOKEN for a browser")
	errCertificate = errors.New("a client certificate is needed (admin_client_ca)")
	errHost        = errors.New("the Host is no address, not localhost and not the name of this listener")
	errHeader      = errors.New("orders need the field X-Forebay: 1, or the token in Authorization")
)

// visit is what is known about a request that decides whether it is let in.
type visit struct {
	bearer string               // the token of Authorization
	cookie string               // the value of ours
	host   string               // the field Host
	marked bool                 // it has X-Forebay: 1
	order  bool                 // it asks for a change
	local  bool                 // it came through the file system
	tls    *tls.ConnectionState // nil: not encrypted
}

// admit returns why a request is not let in, or nil.
//
// A browser may be led here by another site, under a name that means our address, or with a form that it posts (DNS
// rebinding, cross-site requests). It then has no token, and cannot set fields of its own.
func (e *Entry) admit(v *visit, now time.Time) error {
	if e.clients != nil && !e.hasCertificate(v.tls, now) {
		return errCertificate
	}
	byToken := e.isToken(v.bearer)
	known := byToken || e.isCookie(v.cookie, now)
	switch {
	case e.token != "" && !known:
		return errToken
	case !known && !v.local && !e.isOurs(v.host):
		return errHost
	case v.order && !byToken && !v.marked:
		return errHeader
	}
	return nil
}

// isToken compares in a time that says nothing about the token, not even its length.
func (e *Entry) isToken(text string) bool {
	if e.token == "" {
		return false
	}
	got, want := sha256.Sum256([]byte(text)), sha256.Sum256([]byte(e.token))
	return subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

// hasCertificate reports whether the client has shown one of those that are let in.
func (e *Entry) hasCertificate(state *tls.ConnectionState, now time.Time) bool {
	if state == nil || len(state.PeerCertificates) == 0 {
		return false
	}
	leaf := state.PeerCertificates[0]
	if subtle.ConstantTimeCompare(leaf.Raw, e.own) == 1 { // the commands, which read our configuration, have no other
		return true
	}
	between := x509.NewCertPool()
	for _, c := range state.PeerCertificates[1:] {
		between.AddCert(c)
	}
	_, err := leaf.Verify(x509.VerifyOptions{
		Roots: e.clients, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	return err == nil
}
