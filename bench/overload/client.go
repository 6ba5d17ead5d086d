package overload

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"time"
)

// client asks once, on a connection of its own.
type client struct {
	address, path, body string
	patience            time.Duration
	stays               bool // it does not close its connection when its patience has ended
}

// stayTime is how long those who stay do so.
const stayTime = 20 * time.Second

// outcome is what became of a request.
type outcome uint8

const (
	good    outcome = iota // the right answer in time
	late                   // the right answer, too late
	refused                // 503
	left                   // the client's patience has ended
	broken                 // anything else
	outcomes
)

var outcomeNames = [outcomes]string{"good", "late", "refused", "left", "broken"}

// ask sends a request that was due at a time and says what became of it.
func (c client) ask(ctx context.Context, due time.Time) outcome {
	limit := due.Add(c.patience)
	if c.stays {
		limit = due.Add(stayTime)
	}
	var timeout net.Error // a dial that ends by its deadline has another error than a read
	switch status, err := c.get(ctx, limit); {
	case errors.As(err, &timeout) && timeout.Timeout():
		return left
	case err != nil:
		return broken
	case status == http.StatusServiceUnavailable:
		return refused
	case status != http.StatusOK:
		return broken
	case time.Since(due) > c.patience:
		return late
	}
	return good
}

func (c client) get(ctx context.Context, limit time.Time) (status int, err error) {
	conn, err := (&net.Dialer{Deadline: limit}).DialContext(ctx, "tcp", c.address)
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close() }() // whatever has come is of no more interest
	if err := conn.SetDeadline(limit); err != nil {
		return 0, err
	}
	request := "GET " + c.path + " HTTP/1.1\r\nHost: " + c.address + "\r\nConnection: close\r\n\r\n"
	if _, err := io.WriteString(conn, request); err != nil {
		return 0, err
	}
	response, err := http.ReadResponse(bufio.NewReaderSize(conn, 1<<10), nil)
	if err != nil {
		return 0, err
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	_ = response.Body.Close() // the connection ends with this function
	if err == nil && response.StatusCode == http.StatusOK && string(body) != c.body {
		err = errors.New("another body")
	}
	return response.StatusCode, err
}
