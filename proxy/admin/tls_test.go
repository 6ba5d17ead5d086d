package admin

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/proxy/admin/client"
)

// issued is a certificate with its key, in files.
type issued struct {
	cert, key string
	leaf      *x509.Certificate
	signer    *ecdsa.PrivateKey
}

// issue makes a certificate that by has signed, or itself where that is nil.
func issue(t *testing.T, name string, by *issued, usage x509.ExtKeyUsage) *issued {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{usage},
		IsCA: by == nil, BasicConstraintsValid: true,
	}
	parent, signer := template, key
	if by != nil {
		parent, signer = by.leaf, by.signer
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	require.NoError(t, err)
	secret, err := x509.MarshalECPrivateKey(key)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	dir := t.TempDir()
	i := &issued{filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), leaf, key}
	require.NoError(t, os.WriteFile(i.cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	require.NoError(t, os.WriteFile(i.key, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: secret}), 0o600))
	return i
}

// visitWith asks with a client's certificate, or without one.
func visitWith(t *testing.T, address, path string, with *issued) (int, string) {
	t.Helper()
	settings := &tls.Config{InsecureSkipVerify: true} //nolint:gosec // it is about the other side's certificate
	if with != nil {
		certificate, err := tls.LoadX509KeyPair(with.cert, with.key)
		require.NoError(t, err)
		settings.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &certificate, nil }
	}
	c := &http.Client{Transport: &http.Transport{TLSClientConfig: settings, DisableKeepAlives: true}, Timeout: deadline}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+address+path, nil)
	require.NoError(t, err)
	resp, err := c.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(body)
}

func TestClientCertificates(t *testing.T) {
	own := issue(t, "admin.example", nil, x509.ExtKeyUsageServerAuth)
	authority := issue(t, "operators", nil, x509.ExtKeyUsageClientAuth)
	other := issue(t, "somebody", nil, x509.ExtKeyUsageClientAuth)
	cfg := config.Admin{Cert: own.cert, Key: own.key, ClientCA: authority.cert}
	address := started(t, cfg, &fake{})
	cases := map[string]struct {
		path   string
		with   *issued
		status int
	}{
		"no certificate":                {"/api/status", nil, 403},
		"no certificate for health":     {"/healthz", nil, 200},
		"no certificate, readiness":     {"/readyz", nil, 200},
		"signed by the authority":       {"/api/status", issue(t, "anna", authority, x509.ExtKeyUsageClientAuth), 200},
		"signed by somebody else":       {"/api/status", issue(t, "eve", other, x509.ExtKeyUsageClientAuth), 403},
		"signed, but for a server":      {"/api/status", issue(t, "web", authority, x509.ExtKeyUsageServerAuth), 403},
		"the listener's own":            {"/api/status", own, 200},
		"metrics without a certificate": {"/metrics", nil, 403},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			status, body := visitWith(t, address, c.path, c.with)
			assert.Equal(t, c.status, status, body)
		})
	}
	t.Run("the commands", func(t *testing.T) {
		cfg.Listen = address
		c, err := client.New(cfg)
		require.NoError(t, err)
		st, err := c.Status(t.Context())
		require.NoError(t, err)
		assert.Equal(t, 7, st.PID)
	})
	t.Run("the commands do not trust others", func(t *testing.T) {
		c, err := client.New(config.Admin{Listen: address, Cert: other.cert, Key: other.key})
		require.NoError(t, err)
		_, err = c.Status(t.Context())
		assert.ErrorContains(t, err, "another certificate")
	})
}

func TestCertificatesThatAreNone(t *testing.T) {
	own := issue(t, "admin.example", nil, x509.ExtKeyUsageServerAuth)
	for name, cfg := range map[string]config.Admin{
		"another's key":  {Cert: own.cert, Key: issue(t, "x", nil, x509.ExtKeyUsageServerAuth).key},
		"no certificate": {Cert: own.key, Key: own.key},
		"no authority":   {Cert: own.cert, Key: own.key, ClientCA: own.key},
		"a missing file": {Cert: own.cert, Key: own.key, ClientCA: own.key + "x"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := EntryOf(cfg)
			assert.ErrorContains(t, err, "admin_")
		})
	}
}

// What an operator sees of a server that is not there, or does not let them in.
func TestCommandsThatAreNotAnswered(t *testing.T) {
	address := started(t, config.Admin{Token: token}, &fake{reason: "starting"})
	cases := map[string]struct {
		cfg  config.Admin
		want string
	}{
		"no listener":     {config.Admin{}, "there is no admin listener"},
		"nobody there":    {config.Admin{Listen: "unix:" + filepath.Join(t.TempDir(), "none")}, "nobody listens there"},
		"the wrong token": {config.Admin{Listen: address, Token: token + "x"}, "401 Unauthorized: a token is needed"},
		"an open port":    {config.Admin{Listen: "127.0.0.1:0"}, "the port was chosen"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			asked, err := client.New(c.cfg)
			if err == nil {
				_, err = asked.Status(t.Context())
			}
			assert.ErrorContains(t, err, c.want)
		})
	}
	c, err := client.New(config.Admin{Listen: address, Token: token})
	require.NoError(t, err)
	assert.ErrorContains(t, c.Ready(t.Context()), "503 Service Unavailable: starting")
	text, err := c.Stack(t.Context(), 7, 0)
	require.NoError(t, err)
	assert.Contains(t, text, "in nap")
	require.NoError(t, c.Stop(t.Context()))
}
