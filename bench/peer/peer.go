// Package peer is the servers that are compared: what they are made of, how they are started on a free port of the
// loopback interface, and how they are stopped. All of them run the same application with the same Python and as many
// processes and threads; each says exactly what was started, and what in that favours one side.
package peer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"forebay/bench/machine"
)

// Scenario is one thing to measure: an application in bench/apps and a path of it. Body is what every peer has to
// answer, so that nobody is fast by answering something else.
type Scenario struct {
	Name string `json:"name"`
	App  string `json:"app"`
	Path string `json:"path"`
	Body string `json:"-"`
	// Post is what is sent, where the path is not asked for by GET.
	Post string `json:"-"`
	// Files is a directory that is served below /static/, by those who can.
	Files string `json:"-"`
	// Patient gives the peer deadlines so long that it cuts off no slow client while we look.
	Patient bool `json:"patient,omitempty"`
	// Dir holds the application instead of bench/apps, where it is not empty.
	Dir string `json:"-"`
	// Config is a forebay.toml, and NginxHTTP and NginxLocation are further directives of nginx's; they have nothing to do
	// with each other but what the measurement makes of them.
	Config        string `json:"config,omitempty"`
	NginxHTTP     string `json:"nginx_http,omitempty"`
	NginxLocation string `json:"nginx_location,omitempty"`
	// MaxRequests replaces a worker after so many requests; 0 is never.
	MaxRequests int `json:"max_requests,omitempty"`
}

// Hello is the least that an application can do.
var Hello = Scenario{Name: "hello", App: "hello:application", Path: "/", Body: "Hello, world!\n"}

// Slow is an application that slow clients ask for: beside the least page it reads bodies, and it generates 1 MiB at
// /generated and 64 KiB at /page.
var Slow = Scenario{Name: "slow", App: "slow:application", Path: "/", Body: "Hello, world!\n"}

// patience is how long the deadlines of a patient peer are: longer than any run.
const patience = "10m"

// Peer is a server, or a stack of servers, that can be loaded.
type Peer interface {
	Name() string
	// Start starts the peer's processes with the scenario's application and returns without waiting for them; they
	// outlive ctx. The caller stops the peer also when Start fails.
	Start(ctx context.Context, scenario Scenario) error
	// URL is the address of the started peer, without a path.
	URL() string
	// PIDs are the peer's first processes; what they have forked is found by way of them.
	PIDs() []int
	// Alive is nil as long as none of the first processes has ended.
	Alive() error
	// Supervisor is the process that starts the workers and takes signals, as it is now: an upgrade replaces it.
	Supervisor() int
	// Workers are the processes that run the application now, in the order of their numbers.
	Workers() ([]int, error)
	// Revive starts the supervisor again if it has ended, as a service manager would, and reports whether it did.
	Revive() (bool, error)
	// Log is what the supervisor and its workers have written to stderr and stdout so far.
	Log() (string, error)
	// Stop ends all processes and waits for them. It may be called on a peer that was never started.
	Stop()
	// Settings say exactly what was started.
	Settings() Settings
}

// Settings are what a reader needs to start the same peer by hand, and to judge whether that is fair.
type Settings struct {
	Commands []string          `json:"commands"`
	Files    map[string]string `json:"files,omitempty"`
	// Notes name what in the settings favours one side.
	Notes []string `json:"notes"`
}

// New makes the peer of that name. Names are checked with the command line, so an unknown one is a broken invariant.
func New(name string, kit Kit) Peer {
	return kindOf(name).make(name, kit)
}

// stack is what all peers have in common: a name, a directory of their own, an address and some processes.
type stack struct {
	name      string
	kit       Kit
	address   string
	settings  Settings
	processes []*process
}

func (s *stack) Name() string       { return s.name }
func (s *stack) URL() string        { return "http://" + s.address }
func (s *stack) Settings() Settings { return s.settings }

func (s *stack) PIDs() []int {
	pids := make([]int, 0, len(s.processes))
	for _, p := range s.processes {
		pids = append(pids, p.pid())
	}
	return pids
}

func (s *stack) Alive() error {
	var faults []error
	for _, p := range s.processes {
		faults = append(faults, p.alive())
	}
	return errors.Join(faults...)
}

// Supervisor is the first process: it is launched before the front that stands before it.
func (s *stack) Supervisor() int {
	if len(s.processes) == 0 {
		return 0
	}
	return s.processes[0].pid()
}

func (s *stack) Revive() (bool, error) {
	first := s.processes[0]
	if first.alive() == nil {
		return false, nil
	}
	again, err := startProcess(first.name, s.kit.dir(s.name), first.cmd.Args, s.kit.Sessions)
	if err == nil {
		s.processes[0] = again
	}
	return err == nil, err
}

func (s *stack) Log() (string, error) {
	text, err := os.ReadFile(s.processes[0].log)
	return string(text), err
}

func (s *stack) Workers() ([]int, error) { return pythonsOf(s.Supervisor()) }

// pythonsOf are those children of a supervisor that run Python: it may have others, such as its own successor.
func pythonsOf(supervisor int) ([]int, error) {
	children, err := machine.Children(supervisor)
	return slices.DeleteFunc(children, func(pid int) bool {
		program, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
		return err != nil || !strings.HasPrefix(filepath.Base(program), "python") // it has ended, or it is another program
	}), err
}

// Stop ends the processes in reverse, so that the front goes before what stands behind it.
func (s *stack) Stop() {
	for i := len(s.processes) - 1; i >= 0; i-- {
		s.processes[i].stop()
	}
	s.processes = nil
}

// launch starts one process of the stack, named for messages, and writes its command into the settings.
func (s *stack) launch(name string, argv ...string) error {
	p, err := startProcess(name, s.kit.dir(s.name), argv, s.kit.Sessions)
	if err != nil {
		return err
	}
	s.processes = append(s.processes, p)
	s.settings.Commands = append(s.settings.Commands, s.kit.command(argv))
	return nil
}

// Start starts a peer and returns when it answers. The caller stops the peer also when Start fails.
func Start(ctx context.Context, peer Peer, scenario Scenario) error {
	if err := peer.Start(ctx, scenario); err != nil {
		return err
	}
	return awaitAnswer(ctx, peer, scenario)
}

const (
	startTimeout = 30 * time.Second
	startPoll    = 20 * time.Millisecond
	answerLimit  = 64 << 20
)

// awaitAnswer returns when the peer has given the scenario's answer, and an error when it gives another one, dies or
// takes too long.
func awaitAnswer(ctx context.Context, peer Peer, scenario Scenario) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	tick := time.NewTicker(startPoll)
	defer tick.Stop()
	for {
		err := Ask(ctx, peer.URL(), scenario)
		if err == nil {
			return nil
		}
		if died := peer.Alive(); died != nil {
			return died
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s gave no right answer: %w", peer.Name(), err)
		case <-tick.C:
		}
	}
}

// Ask asks once, and is an error unless the answer is the right one.
func Ask(ctx context.Context, url string, scenario Scenario) error {
	method := http.MethodGet
	if scenario.Post != "" {
		method = http.MethodPost
	}
	request, err := http.NewRequestWithContext(ctx, method, url+scenario.Path, strings.NewReader(scenario.Post))
	if err != nil {
		return err
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }() // all of it has been read, or is of no interest
	body, err := io.ReadAll(io.LimitReader(response.Body, answerLimit))
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK || string(body) != scenario.Body {
		return fmt.Errorf("answered %s with %.200q", response.Status, body)
	}
	return nil
}

// freeAddress picks a port that is free now. Somebody may take it before the peer does; the peer then fails to start,
// loudly, which is good enough for a benchmark.
func freeAddress(ctx context.Context) (string, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return listener.Addr().String(), listener.Close()
}
