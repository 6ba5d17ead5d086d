package client

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"

	"forebay/config"
)

// pinned takes the listener for whom it says it is if it has the very certificate that the configuration names: that may be
// for a name by which we do not call it. It is also the one that we show, as the listener takes it for a client's.
func pinned(cfg config.Admin) (*tls.Config, error) {
	certificate, err := tls.LoadX509KeyPair(cfg.Cert, cfg.Key)
	if err != nil {
		return nil, fmt.Errorf("admin_cert: %w", err)
	}
	own := certificate.Certificate[0]
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		Certificates:       []tls.Certificate{certificate},
		InsecureSkipVerify: true, //nolint:gosec // what follows asks for more than a name and an authority
		VerifyConnection: func(state tls.ConnectionState) error {
			if len(state.PeerCertificates) == 0 || !bytes.Equal(state.PeerCertificates[0].Raw, own) {
				return errors.New("it has another certificate than admin_cert: forebay needs a reload, or it is somebody else")
			}
			return nil
		},
		// Whatever authorities the listener names: ours need not be of theirs.
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &certificate, nil },
	}, nil
}
