package trace

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/klauspost/compress/gzip"
	collector "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// newClient makes the client of an exporter. It follows no redirection: that would tell somebody else.
func newClient(s Settings) *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = s.TLS
	return &http.Client{
		Transport: transport, Timeout: s.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

const (
	// firstPause is how long is waited before a second attempt, half of it by chance. It doubles with each further one.
	firstPause = 500 * time.Millisecond
	// maxAnswer is how much of a collector's answer is read.
	maxAnswer = 64 << 10
)

// export posts a batch, and again while the collector says that it may be worth it, until OTEL_BSP_EXPORT_TIMEOUT has
// passed or ctx ends.
func (t *Tracer) export(ctx context.Context, batch []*record) error {
	body, err := t.pack(batch)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, t.settings.ExportTimeout)
	defer cancel()
	for pause := firstPause; ; pause *= 2 {
		err := t.post(ctx, body)
		var later *retryable
		if !errors.As(err, &later) {
			return err
		}
		wait := pause/2 + rand.N(pause/2) //nolint:gosec // so that not all come back at the same moment
		select {
		case <-time.After(max(wait, later.after)):
		case <-ctx.Done():
			return later.cause
		}
	}
}

// retryable is a failure that another attempt may not meet.
type retryable struct {
	cause error
	after time.Duration // not before; 0: the collector does not say
}

func (e *retryable) Error() string { return e.cause.Error() }
func (e *retryable) Unwrap() error { return e.cause }

// pack encodes a batch as OTLP has it.
func (t *Tracer) pack(batch []*record) ([]byte, error) {
	body, err := proto.Marshal(&collector.ExportTraceServiceRequest{ResourceSpans: t.encode(batch)})
	if err != nil || !t.settings.Gzip {
		return body, err
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(body); err != nil {
		return nil, err
	}
	err = z.Close()
	return packed.Bytes(), err
}

// post makes one attempt.
func (t *Tracer) post(ctx context.Context, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.settings.Endpoint.String(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header = t.settings.Header.Clone()
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("User-Agent", "forebay/"+t.version)
	if t.settings.Gzip {
		req.Header.Set("Content-Encoding", "gzip")
	}
	resp, err := t.client.Do(req)
	if err != nil {
		return &retryable{cause: rootCause(err)}
	}
	defer func() { _ = resp.Body.Close() }() // what was wanted of it has been read
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return &retryable{cause: err}
	}
	return t.judge(resp, answer)
}

// rootCause leaves out what net/http wraps around the reason: the endpoint, which may have a secret in it.
func rootCause(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// judge reads a collector's answer (OTLP specification, section "OTLP/HTTP Response").
func (t *Tracer) judge(resp *http.Response, answer []byte) error {
	switch code := resp.StatusCode; {
	case code >= 200 && code < 300:
		return t.readPartial(answer)
	case code == http.StatusTooManyRequests, code == http.StatusBadGateway, code == http.StatusServiceUnavailable,
		code == http.StatusGatewayTimeout:
		return &retryable{fmt.Errorf("the collector answered %s", resp.Status), retryAfter(resp.Header.Get("Retry-After"))}
	}
	return fmt.Errorf("the collector answered %s", resp.Status)
}

// readPartial finds out whether a collector has refused some of what it was sent. To send it again would be of no use.
func (t *Tracer) readPartial(answer []byte) error {
	var said collector.ExportTraceServiceResponse
	if err := proto.Unmarshal(answer, &said); err != nil {
		return nil // it has taken the spans, whatever it says
	}
	if n := said.GetPartialSuccess().GetRejectedSpans(); n > 0 {
		t.log.Warn("collector refused spans", "spans", n, "reason", said.GetPartialSuccess().GetErrorMessage())
	}
	return nil
}

// retryAfter reads a Retry-After (RFC 9110, section 10.2.3); 0 if there is none.
func retryAfter(value string) time.Duration {
	if seconds, err := strconv.ParseUint(value, 10, 16); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}
