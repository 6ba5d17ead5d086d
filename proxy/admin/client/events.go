package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"forebay/proxy/status"
)

// Events calls each with the state of the server once a second. It blocks until ctx or the stream ends; the error is never nil.
func (c *Client) Events(ctx context.Context, each func(*status.Status)) error {
	resp, err := c.send(ctx, http.MethodGet, "/api/events")
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // nobody wants the rest
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("admin %s: %s", c.address, resp.Status)
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, longestAnswer)
	for lines.Scan() {
		data, found := bytes.CutPrefix(lines.Bytes(), []byte("data: "))
		if !found {
			continue
		}
		st := new(status.Status)
		if err := json.Unmarshal(data, st); err != nil {
			return fmt.Errorf("admin %s: understand an event: %w", c.address, err)
		}
		each(st)
	}
	if err = lines.Err(); err == nil {
		err = io.EOF
	}
	return fmt.Errorf("admin %s: %w", c.address, err)
}
