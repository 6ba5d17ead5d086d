package scrape

import (
	"bytes"
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/common/expfmt"

	"forebay/proxy/status"
)

// Exposition is what Prometheus is given to read. It is safe for concurrent use.
type Exposition struct{ registry *prometheus.Registry }

// New makes the exposition of a server, with what is known of the Go runtime and of our own process.
func New(server *status.Server) (*Exposition, error) {
	e := &Exposition{prometheus.NewRegistry()}
	for _, c := range []prometheus.Collector{
		&collector{server}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	} {
		if err := e.registry.Register(c); err != nil {
			return nil, fmt.Errorf("metrics: %w", err)
		}
	}
	return e, nil
}

// Text returns the metrics of this moment in the format that fits an Accept field best, and its media type for the answer's
// Content-Type. It does not block.
func (e *Exposition) Text(accept string) (mediaType string, body []byte, err error) {
	families, err := e.registry.Gather()
	if err != nil {
		return "", nil, fmt.Errorf("metrics: %w", err)
	}
	format := expfmt.NegotiateAccept(http.Header{"Accept": {accept}}, expfmt.DefaultOpenMetricsAcceptedFormats()...)
	var b bytes.Buffer
	encoder := expfmt.NewEncoder(&b, format)
	for _, family := range families {
		if err := encoder.Encode(family); err != nil {
			return "", nil, fmt.Errorf("metrics: %w", err)
		}
	}
	if closer, ok := encoder.(expfmt.Closer); ok { // OpenMetrics ends with a line of its own
		if err := closer.Close(); err != nil {
			return "", nil, fmt.Errorf("metrics: %w", err)
		}
	}
	return string(format), b.Bytes(), nil
}
