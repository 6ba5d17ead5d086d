package client

import (
	"context"
	"net/http"
	"time"

	"forebay/proxy/status"
)

// pollInterval is the time between two looks at a reload that goes on.
const pollInterval = 200 * time.Millisecond

// Reload asks for a reload and waits for its end.
func (c *Client) Reload(ctx context.Context) (*status.Reload, error) {
	var asked struct {
		Begun uint64 `json:"begun"`
	}
	if err := c.ask(ctx, http.MethodPost, "/api/reload", &asked); err != nil {
		return nil, err
	}
	for {
		st, err := c.Status(ctx)
		if err != nil {
			return nil, err
		}
		if st.Reload != nil && st.Reload.Number > asked.Begun {
			return st.Reload, nil
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(pollInterval):
		}
	}
}
