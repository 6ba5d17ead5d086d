// Package crowd is many clients that hold connections of a server and give it as little as they can: the slow, the idle
// and the hostile. One goroutine looks after all of them; it visits each client once a second, never waits for one, and
// so holds ten thousand connections with a few megabytes and a few per cent of a CPU.
//
// A client whose server cuts it off comes back, at a bounded rate, so that the crowd stays as large as it is; how often,
// and why, is counted. It is made for servers on the loopback interface that belong to whoever runs it, and refuses all
// others.
package crowd

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"syscall"
	"time"
)

const (
	// Largest is how many clients a crowd may have.
	Largest = 19_000
	// visitEvery is the time between two visits to the same client.
	visitEvery = time.Second
	// tick is how often some of the clients are visited.
	tick = 5 * time.Millisecond
	// connectRate is how many connections are begun in a second: a backlog of 511, as nginx has it, takes them.
	connectRate = 2000
	// spareDescriptors are those that the process needs besides one for each client.
	spareDescriptors = 100
	// sources are the addresses that clients come from, beginning with 127.0.0.2: each has ports of its own.
	sources = 8
)

// Status is how a crowd fares.
type Status struct {
	Clients int `json:"clients"`
	// Settled are the clients that hold a connection as their kind does.
	Settled int `json:"settled"`
	// Cut is how many connections ended although the client did not end them, by the status of the last answer or by
	// what became of the connection. Each of them was made again.
	Cut map[string]int `json:"cut"`
}

// Cuts is how many connections were cut in all.
func (s Status) Cuts() int {
	total := 0
	for _, n := range s.Cut {
		total += n
	}
	return total
}

// Crowd is a number of clients of one kind.
type Crowd struct {
	kind    Kind
	to      netip.AddrPort
	clients []client
	buffer  []byte
	period  time.Duration
	budget  float64 // connections that may be begun now

	mu     sync.Mutex
	status Status
}

// New makes a crowd of n clients of a server on the loopback interface. They come when it runs.
func New(kind Kind, to string, n int) (*Crowd, error) {
	address, err := netip.ParseAddrPort(to)
	if err != nil {
		return nil, fmt.Errorf("make a crowd: %w", err)
	}
	if !address.Addr().Is4() || !address.Addr().IsLoopback() {
		return nil, fmt.Errorf("make a crowd: %s is not on this machine's IPv4 loopback interface", to)
	}
	if n < 1 || n > Largest {
		return nil, fmt.Errorf("make a crowd: %d clients are not between 1 and %d", n, Largest)
	}
	if err := checkDescriptors(n + spareDescriptors); err != nil {
		return nil, err
	}
	c := &Crowd{
		kind: kind, to: address, clients: make([]client, n), period: visitEvery, buffer: make([]byte, max(kind.sip, gulp)),
		status: Status{Clients: n, Cut: map[string]int{}},
	}
	for i := range c.clients {
		c.clients[i].from = source(i)
	}
	return c, nil
}

// checkDescriptors is an error where the process may not have so many. The Go runtime has raised the soft limit to the
// hard one already.
func checkDescriptors(n int) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("make a crowd: read RLIMIT_NOFILE: %w", err)
	}
	if limit.Cur < uint64(n) {
		return fmt.Errorf("make a crowd: it needs %d descriptors and a process may have %d (ulimit -Hn)", n, limit.Cur)
	}
	return nil
}

// source is the address that client i comes from.
func source(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{127, 0, 0, byte(2 + i%sources)})
}

// Status is how the crowd fares now. Safe for concurrent use.
func (c *Crowd) Status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	status := c.status
	status.Cut = make(map[string]int, len(c.status.Cut))
	for why, n := range c.status.Cut {
		status.Cut[why] = n
	}
	return status
}

// Run lets the crowd come and stay, until ctx ends; then all of them leave. It returns an error if a client cannot even
// begin to connect.
func (c *Crowd) Run(ctx context.Context) error {
	defer c.leave()
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	begin, visited := time.Now(), 0
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		c.budget = min(c.budget+connectRate*tick.Seconds(), connectRate*tick.Seconds()*4)
		due := int(time.Since(begin) * time.Duration(len(c.clients)) / c.period)
		// After a pause of the whole machine nobody is visited twice at once.
		visited = max(visited, due-len(c.clients))
		for ; visited < due; visited++ {
			if err := c.visit(&c.clients[visited%len(c.clients)]); err != nil {
				return err
			}
		}
	}
}

// visit visits one client and keeps the count.
func (c *Crowd) visit(one *client) error {
	if one.phase == away {
		return c.bring(one)
	}
	before := one.phase
	err := one.visit(&c.kind, c.buffer)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		one.leave()
		c.status.Cut[reason(err)]++
	}
	c.status.Settled += settledNow(one.phase) - settledNow(before)
	return nil
}

func settledNow(p phase) int {
	if p == settled {
		return 1
	}
	return 0
}

// bring lets a client come, if the rate allows one more.
func (c *Crowd) bring(one *client) error {
	if c.budget < 1 {
		return nil
	}
	c.budget--
	fd, err := dial(one.from, c.to, c.kind.window)
	if errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.status.Cut[reason(err)]++
		return nil
	}
	if err != nil {
		return fmt.Errorf("bring a client: %w", err)
	}
	one.fd, one.phase, one.rest = fd, connecting, c.kind.greeting(c.to)
	return nil
}

func (c *Crowd) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.clients {
		c.clients[i].leave()
	}
	c.status.Settled = 0
}
