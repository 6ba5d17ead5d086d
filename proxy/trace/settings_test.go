package trace

import (
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318"

func TestSettings(t *testing.T) {
	cases := map[string]struct {
		environ []string
		want    func(t *testing.T, s Settings)
	}{
		"defaults": {nil, func(t *testing.T, s Settings) {
			assert.Equal(t, "http://localhost:4318/v1/traces", s.Endpoint.String())
			assert.Equal(t, []any{10 * time.Second, 30 * time.Second, 5 * time.Second, 512, 2048, 1024, false},
				[]any{s.Timeout, s.ExportTimeout, s.Delay, s.Batch, s.Queue, s.Text, s.Gzip})
			assert.Equal(t, sampler{always, true}, s.sampler)
			assert.Contains(t, s.Resource, Attribute{"service.name", "unknown_service:forebay"})
		}},
		"a path below the endpoint": {[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=https://example.com/otlp/?key=1"}, func(t *testing.T, s Settings) {
			assert.Equal(t, "https://example.com/otlp/v1/traces?key=1", s.Endpoint.String())
		}},
		"an endpoint of traces": {[]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://localhost:1/in"}, func(t *testing.T, s Settings) {
			assert.Equal(t, "http://localhost:1/in", s.Endpoint.String())
		}},
		"one without a path": {[]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://localhost:1"}, func(t *testing.T, s Settings) {
			assert.Equal(t, "http://localhost:1/", s.Endpoint.String())
		}},
		"fields": {[]string{"OTEL_EXPORTER_OTLP_HEADERS=Api-Key=a%20b, x = c=d ,"}, func(t *testing.T, s Settings) {
			assert.Equal(t, http.Header{"Api-Key": {"a b"}, "X": {"c=d"}}, s.Header)
		}},
		"fields of traces beat those of all": {
			[]string{"OTEL_EXPORTER_OTLP_HEADERS=a=1", "OTEL_EXPORTER_OTLP_TRACES_HEADERS=b=2"},
			func(t *testing.T, s Settings) { assert.Equal(t, http.Header{"B": {"2"}}, s.Header) },
		},
		"compression": {[]string{"OTEL_EXPORTER_OTLP_COMPRESSION=gzip"}, func(t *testing.T, s Settings) { assert.True(t, s.Gzip) }},
		"bounds": {
			[]string{
				"OTEL_EXPORTER_OTLP_TIMEOUT=100", "OTEL_BSP_EXPORT_TIMEOUT=200", "OTEL_BSP_SCHEDULE_DELAY=300",
				"OTEL_BSP_MAX_EXPORT_BATCH_SIZE=40", "OTEL_BSP_MAX_QUEUE_SIZE=30", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT=20",
			},
			func(t *testing.T, s Settings) {
				assert.Equal(t, []any{100 * time.Millisecond, 200 * time.Millisecond, 300 * time.Millisecond, 30, 30, 20},
					[]any{s.Timeout, s.ExportTimeout, s.Delay, s.Batch, s.Queue, s.Text}, "a batch is no longer than the queue")
			},
		},
		"a service": {[]string{"OTEL_SERVICE_NAME=shop", "OTEL_RESOURCE_ATTRIBUTES=service.name=x,deployment.environment.name=a%2Cb,host.name=h"},
			func(t *testing.T, s Settings) {
				assert.Equal(t, []Attribute{
					{"deployment.environment.name", "a,b"}, {"host.name", "h"}, {"service.name", "shop"},
					{"telemetry.sdk.name", "forebay"}, {"telemetry.sdk.language", "go"},
				}, s.Resource)
			}},
		"a service among attributes": {[]string{"OTEL_RESOURCE_ATTRIBUTES=service.name=x"}, func(t *testing.T, s Settings) {
			assert.Contains(t, s.Resource, Attribute{"service.name", "x"})
		}},
		"a sampler":      {[]string{"OTEL_TRACES_SAMPLER=always_off"}, func(t *testing.T, s Settings) { assert.Equal(t, sampler{never, false}, s.sampler) }},
		"a part":         {[]string{"OTEL_TRACES_SAMPLER=parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG=0.25"}, func(t *testing.T, s Settings) { assert.Equal(t, sampler{1 << 61, true}, s.sampler) }},
		"what is not ON": {[]string{"OTEL_SDK_DISABLED=1", "OTEL_TRACES_EXPORTER=console,otlp"}, func(t *testing.T, s Settings) { assert.NotNil(t, s.Endpoint) }},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s, faults := SettingsOf(append([]string{endpoint, "HOME=/"}, c.environ...))
			require.Empty(t, faults)
			c.want(t, s)
		})
	}
}

func TestNothingIsTraced(t *testing.T) {
	for name, environ := range map[string][]string{
		"without an endpoint":  {"OTEL_SERVICE_NAME=shop", "OTEL_TRACES_SAMPLER=always_on"},
		"with an empty one":    {"OTEL_EXPORTER_OTLP_ENDPOINT="},
		"where it is disabled": {endpoint, "OTEL_SDK_DISABLED=True"},
		"without an exporter":  {endpoint, "OTEL_TRACES_EXPORTER=none"},
	} {
		t.Run(name, func(t *testing.T) {
			s, faults := SettingsOf(environ)
			assert.Empty(t, faults)
			assert.Nil(t, New(s, "1", nil))
		})
	}
}

// TestFaultsInSettings: what cannot be read is as if it were not there; but spans never go where nobody wanted them.
func TestFaultsInSettings(t *testing.T) {
	dir := t.TempDir()
	cases := map[string]struct {
		pair string
		want string
		off  bool
	}{
		"no endpoint":      {"OTEL_EXPORTER_OTLP_ENDPOINT=localhost:4318", "OTEL_EXPORTER_OTLP_ENDPOINT: want a URL such as http://localhost:4318: nothing is traced", true},
		"gRPC":             {"OTEL_EXPORTER_OTLP_PROTOCOL=grpc", `OTEL_EXPORTER_OTLP_PROTOCOL: want http/protobuf, not "grpc": nothing is traced`, true},
		"another exporter": {"OTEL_TRACES_EXPORTER=console", `OTEL_TRACES_EXPORTER: want otlp or none, not "console": nothing is traced`, true},
		"no certificate":   {"OTEL_EXPORTER_OTLP_CERTIFICATE=" + dir + "/none", "OTEL_EXPORTER_OTLP_CERTIFICATE: open " + dir + "/none: no such file or directory: nothing is traced", true},
		"no client's":      {"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE=" + dir + "/none", "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: open " + dir + "/none: no such file or directory: nothing is traced", true},
		"a secret":         {"OTEL_EXPORTER_OTLP_HEADERS=s3cret", "OTEL_EXPORTER_OTLP_HEADERS: pair 1 is not KEY=VALUE", false},
		"a line's end":     {"OTEL_EXPORTER_OTLP_HEADERS=a=s3cret%0D%0A", "OTEL_EXPORTER_OTLP_HEADERS: pair 1 is no field", false},
		"a coding":         {"OTEL_EXPORTER_OTLP_COMPRESSION=br", `OTEL_EXPORTER_OTLP_COMPRESSION: want gzip or none, not "br"`, false},
		"a size":           {"OTEL_BSP_MAX_QUEUE_SIZE=many", `OTEL_BSP_MAX_QUEUE_SIZE: want a number from 1 to 1048576, not "many"`, false},
		"no time":          {"OTEL_BSP_SCHEDULE_DELAY=0", `OTEL_BSP_SCHEDULE_DELAY: want a number from 1 to 3600000, not "0"`, false},
		"a sampler":        {"OTEL_TRACES_SAMPLER=xray", `OTEL_TRACES_SAMPLER: want always_on, always_off, traceidratio, or one of them after parentbased_, not "xray"`, false},
		"no pair":          {"OTEL_RESOURCE_ATTRIBUTES=a=b,c", "OTEL_RESOURCE_ATTRIBUTES: pair 2 is not KEY=VALUE", false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s, faults := SettingsOf([]string{endpoint, c.pair})
			require.Len(t, faults, 1)
			assert.EqualError(t, faults[0], c.want)
			assert.Equal(t, c.off, s.Endpoint == nil)
		})
	}
	for _, ratio := range []string{"2", "-0.1", "NaN", "half"} {
		s, faults := SettingsOf([]string{endpoint, "OTEL_TRACES_SAMPLER=traceidratio", "OTEL_TRACES_SAMPLER_ARG=" + ratio})
		assert.Len(t, faults, 1, ratio)
		assert.Equal(t, sampler{always, false}, s.sampler)
	}
}

func TestACertificateOfOnesOwn(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	path := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
	s, faults := SettingsOf([]string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + server.URL, "OTEL_EXPORTER_OTLP_CERTIFICATE=" + path})
	require.Empty(t, faults)
	_, err := server.Certificate().Verify(x509.VerifyOptions{Roots: s.TLS.RootCAs})
	assert.NoError(t, err)
}

func TestSamplers(t *testing.T) {
	low, high := ID{15: 1}, ID{8: 0xff, 15: 1} // as the last 8 bytes count
	sampled, unsampled := &Parent{Flags: FlagSampled}, &Parent{}
	cases := map[string]struct {
		sampler sampler
		parent  *Parent
		trace   ID
		want    bool
	}{
		"always":                      {sampler{always, false}, nil, high, true},
		"always, whoever asks":        {sampler{always, false}, unsampled, high, true},
		"never":                       {sampler{never, false}, sampled, low, false},
		"as the parent does":          {sampler{never, true}, sampled, high, true},
		"as the parent does not":      {sampler{always, true}, unsampled, low, false},
		"without a parent":            {sampler{always, true}, nil, high, true},
		"a part, within":              {sampler{1 << 62, false}, nil, low, true},
		"a part, beyond":              {sampler{1 << 62, false}, nil, high, false},
		"a part, within, for parents": {sampler{1 << 62, true}, unsampled, low, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, c.sampler.sample(c.parent, c.trace)) })
	}
}
