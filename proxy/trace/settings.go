package trace

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"forebay/proxy/head"
)

// Settings are what the environment says about traces, by the variables that OpenTelemetry specifies for all languages.
type Settings struct {
	// Endpoint is where spans are posted to. nil: nothing is traced.
	Endpoint *url.URL
	// Header are further fields of these requests. They may be secret.
	Header http.Header
	// TLS is for an endpoint of https; nil is the system's own.
	TLS *tls.Config
	// Gzip says whether they are compressed.
	Gzip bool
	// Timeout bounds an attempt to export a batch, and ExportTimeout all attempts.
	Timeout, ExportTimeout time.Duration
	// Delay is how long a span waits for others to go with, and Batch how many do.
	Delay time.Duration
	Batch int
	// Queue is how many requests may wait to be exported. Further ones are dropped.
	Queue int
	// Text bounds each text of a span, in bytes.
	Text int
	// Resource says what is traced.
	Resource []Attribute

	sampler sampler
}

// usualText keeps what a client can make us hold and send within bounds. OpenTelemetry itself has none.
const usualText = 1 << 10

// SettingsOf reads the variables of an environment, which are pairs as os.Environ has them. What cannot be read is among the
// faults and counts as not set; but where that would send spans elsewhere or in the clear, nothing is traced.
func SettingsOf(pairs []string) (Settings, []error) {
	e := newEnviron(pairs)
	if !e.wanted() {
		return Settings{}, e.faults
	}
	s := Settings{
		Endpoint:      e.endpoint(),
		Header:        e.header(),
		Gzip:          e.gzip(),
		Timeout:       e.milliseconds(10*time.Second, "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"),
		ExportTimeout: e.milliseconds(30*time.Second, "OTEL_BSP_EXPORT_TIMEOUT"),
		Delay:         e.milliseconds(5*time.Second, "OTEL_BSP_SCHEDULE_DELAY"),
		Batch:         e.count(512, 1<<16, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"),
		Queue:         e.count(2048, 1<<20, "OTEL_BSP_MAX_QUEUE_SIZE"),
		Text:          e.count(usualText, 1<<16, "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT"),
		Resource:      e.resource(),
		sampler:       e.sampler(),
	}
	s.Batch = min(s.Batch, s.Queue)
	var err error
	if s.TLS, err = e.tls(); err != nil || s.Endpoint == nil {
		return Settings{}, e.faults
	}
	return s, e.faults
}

// wanted reports whether there is an endpoint, and nothing that speaks against exporting to it.
func (e *environ) wanted() bool {
	if _, endpoint := e.exporter("ENDPOINT"); endpoint == "" || e.truth("OTEL_SDK_DISABLED") {
		return false
	}
	name, exporters := e.get("OTEL_TRACES_EXPORTER")
	switch {
	case exporters == "none":
		return false
	case exporters != "" && !slices.Contains(strings.Split(exporters, ","), "otlp"):
		e.fault(name, "want otlp or none, not %q: nothing is traced", exporters)
		return false
	}
	if name, protocol := e.exporter("PROTOCOL"); protocol != "" && protocol != "http/protobuf" {
		e.fault(name, "want http/protobuf, not %q: nothing is traced", protocol)
		return false
	}
	return true
}

// endpoint: that of traces alone is taken as it is, that of all signals has theirs below it.
func (e *environ) endpoint() *url.URL {
	name, value := e.exporter("ENDPOINT")
	endpoint, err := url.Parse(value)
	if err != nil || endpoint.Host == "" || (endpoint.Scheme != "http" && endpoint.Scheme != "https") {
		e.fault(name, "want a URL such as http://localhost:4318: nothing is traced")
		return nil
	}
	if name != "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" {
		return endpoint.JoinPath("v1", "traces")
	}
	if endpoint.Path == "" {
		endpoint.Path = "/"
	}
	return endpoint
}

// Place is the endpoint as it may be shown: without a password, and without a query, which may be one.
func (s *Settings) Place() string {
	place := *s.Endpoint
	place.RawQuery = ""
	return place.Redacted()
}

func (e *environ) header() http.Header {
	name, value := e.exporter("HEADERS")
	header := http.Header{}
	for i, pair := range e.pairs(name, value) {
		if !head.IsToken([]byte(pair.Key)) || head.ControlByte([]byte(pair.Value)) >= 0 {
			e.fault(name, "pair %d is no field", i+1)
			continue
		}
		header.Set(pair.Key, pair.Value)
	}
	return header
}

func (e *environ) gzip() bool {
	name, value := e.exporter("COMPRESSION")
	switch value {
	case "gzip":
		return true
	case "", "none":
	default:
		e.fault(name, "want gzip or none, not %q", value)
	}
	return false
}

// tls reads whom to believe, and who we are.
func (e *environ) tls() (*tls.Config, error) {
	authorityName, authority := e.exporter("CERTIFICATE")
	certificateName, certificate := e.exporter("CLIENT_CERTIFICATE")
	_, key := e.exporter("CLIENT_KEY")
	if authority == "" && certificate == "" {
		return nil, nil
	}
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	if authority != "" {
		pem, err := os.ReadFile(authority)
		cfg.RootCAs = x509.NewCertPool()
		if err == nil && !cfg.RootCAs.AppendCertsFromPEM(pem) {
			err = errors.New("want certificates in PEM")
		}
		if err != nil {
			e.fault(authorityName, "%w: nothing is traced", err)
			return nil, err
		}
	}
	if certificate != "" {
		own, err := tls.LoadX509KeyPair(certificate, key)
		if err != nil {
			e.fault(certificateName, "%w: nothing is traced", err)
			return nil, err
		}
		cfg.Certificates = []tls.Certificate{own}
	}
	return cfg, nil
}
