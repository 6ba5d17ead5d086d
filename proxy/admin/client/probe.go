package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
)

// Probe asks the server's own listener at an address for "/", which the application answers. It returns nil if there is an
// answer that is no fault of the server's, below 500.
func Probe(ctx context.Context, bind string) error {
	network, address, err := target(bind)
	if err != nil {
		return fmt.Errorf("bind %s: %w", bind, err)
	}
	client := &http.Client{
		Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost/", nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("bind %s: %w", bind, plain(err))
	}
	defer func() { _ = resp.Body.Close() }() // nobody reads it
	if resp.StatusCode >= http.StatusInternalServerError {
		return fmt.Errorf("bind %s: %w", bind, errors.New(resp.Status))
	}
	return nil
}
