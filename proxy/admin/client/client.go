// Package client asks the admin listener of a server that runs, for the commands of forebay. It finds it by the same
// configuration as the server: whoever may read that may ask.
package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"

	"forebay/config"
	"forebay/proxy/status"
)

// ErrNone says that the configuration has no admin listener.
var ErrNone = errors.New("there is no admin listener: start forebay with --admin 127.0.0.1:9000 or --admin unix:PATH, " +
	"and say the same here, by the option, FOREBAY_ADMIN or forebay.toml")

// longestAnswer bounds what is read of an answer, in bytes.
const longestAnswer = 16 << 20

// Client asks one listener. Its methods are safe for concurrent use; each blocks until the answer is there or ctx ends.
type Client struct {
	address string // as the configuration has it
	base    string
	token   string
	http    *http.Client
}

// New makes a client of the listener in cfg. It opens nothing.
func New(cfg config.Admin) (*Client, error) {
	if cfg.Listen == "" {
		return nil, ErrNone
	}
	network, address, err := target(cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("admin %s: %w", cfg.Listen, err)
	}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}}
	c := &Client{address: cfg.Listen, base: "http://localhost", token: cfg.Token, http: &http.Client{Transport: transport}}
	if cfg.Cert != "" {
		c.base = "https://localhost"
		if transport.TLSClientConfig, err = pinned(cfg); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// target is where to connect to for an address that is listened on.
func target(listen string) (network, address string, err error) {
	bind, err := config.ParseBind(listen)
	switch {
	case err != nil:
		return "", "", err
	case bind.Network == "unix":
		return "unix", bind.Address, nil
	case bind.Network != "tcp":
		return "", "", errors.New("nobody can connect to a descriptor")
	}
	host, port, err := net.SplitHostPort(bind.Address)
	if err != nil {
		return "", "", err
	}
	if port == "0" {
		return "", "", errors.New("the port was chosen when forebay started: name it")
	}
	switch host {
	case "", "0.0.0.0":
		host = "127.0.0.1"
	case "::":
		host = "::1"
	}
	return "tcp", net.JoinHostPort(host, port), nil
}

// Status returns the state of the server.
func (c *Client) Status(ctx context.Context) (*status.Status, error) {
	st := new(status.Status)
	return st, c.ask(ctx, http.MethodGet, "/api/status", st)
}

// StatusText returns it as the server says it, in JSON.
func (c *Client) StatusText(ctx context.Context) ([]byte, error) {
	var text []byte
	return text, c.ask(ctx, http.MethodGet, "/api/status", &text)
}

// Stack returns where the threads of a worker are, as text; of one thread only if that is not negative.
func (c *Client) Stack(ctx context.Context, pid, thread int) (string, error) {
	path := fmt.Sprintf("/api/workers/%d/stack", pid)
	if thread >= 0 {
		path += fmt.Sprintf("?thread=%d", thread)
	}
	var text []byte
	err := c.ask(ctx, http.MethodGet, path, &text)
	return string(text), err
}

// Stop asks the server to stop in good order. It does not wait for that.
func (c *Client) Stop(ctx context.Context) error {
	return c.ask(ctx, http.MethodPost, "/api/stop", nil)
}

// Ready returns nil if the server takes requests, and else why not.
func (c *Client) Ready(ctx context.Context) error { return c.ask(ctx, http.MethodGet, "/readyz", nil) }

// ask sends a request and reads the answer into a *[]byte as it is, or into what JSON says; nil: nobody wants it.
func (c *Client) ask(ctx context.Context, method, path string, into any) error {
	resp, err := c.send(ctx, method, path)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // it was read, or is of no use
	body, err := io.ReadAll(io.LimitReader(resp.Body, longestAnswer))
	if err != nil {
		return fmt.Errorf("admin %s: %w", c.address, err)
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("admin %s: %s: %s", c.address, resp.Status, strings.TrimSpace(string(body)))
	}
	switch into := into.(type) {
	case nil:
	case *[]byte:
		*into = body
	default:
		if err := json.Unmarshal(body, into); err != nil {
			return fmt.Errorf("admin %s: understand the answer: %w", c.address, err)
		}
	}
	return nil
}

func (c *Client) send(ctx context.Context, method, path string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, nil)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", path, err)
	}
	req.Header.Set("X-Forebay", "1")
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("admin %s: %w", c.address, plain(err))
	}
	return resp, nil
}

// plain says in words what is wrong with a connection.
func plain(err error) error {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, os.ErrNotExist):
		return errors.New("nobody listens there: is forebay running?")
	case errors.Is(err, os.ErrPermission):
		return errors.New("permission denied: the socket is for the user only who has started forebay")
	case errors.Is(err, context.DeadlineExceeded):
		return errors.New("no answer in time")
	}
	return err
}
