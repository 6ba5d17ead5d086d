package compare

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"forebay/bench/generator"
	"forebay/bench/peer"
)

// bareName is the name under which the application without a server stands among the peers.
const bareName = "bare"

// bareGrace is how long Python may take beyond the time that it measures: to import the application.
const bareGrace = 30 * time.Second

// bareTask is what bench/apps/bare.py reads.
type bareTask struct {
	Dir       string        `json:"dir"`
	App       string        `json:"app"`
	Requests  []bareRequest `json:"requests"`
	Processes int           `json:"processes,omitempty"`
	Threads   int           `json:"threads,omitempty"`
	Warmup    float64       `json:"warmup,omitempty"`
	Seconds   float64       `json:"seconds,omitempty"`
}

type bareRequest struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Body   string `json:"body"`
}

// bareResult is what it writes, for each process.
type bareResult struct {
	Calls    int     `json:"calls"`
	Elapsed  float64 `json:"elapsed"`
	CPU      float64 `json:"cpu"`
	Switches int64   `json:"context_switches"`
	PSS      int64   `json:"pss_bytes"`
}

func bareRequests(requests []generator.Request) []bareRequest {
	all := make([]bareRequest, 0, len(requests))
	for _, r := range requests {
		all = append(all, bareRequest{r.Method, r.Path, r.Body})
	}
	return all
}

// answers asks the application without a server, and adds what it says to the requests.
func answers(ctx context.Context, kit peer.Kit, dir string, s scenario) ([]generator.Request, error) {
	var bodies []string
	if err := askBare(ctx, kit, bareTask{Dir: dir, App: s.app, Requests: bareRequests(s.requests)}, &bodies); err != nil {
		return nil, err
	}
	if len(bodies) != len(s.requests) {
		return nil, errors.New("it has another number of answers than of requests")
	}
	requests := append([]generator.Request(nil), s.requests...)
	for i, body := range bodies {
		text, err := base64.StdEncoding.DecodeString(body)
		if err != nil {
			return nil, fmt.Errorf("read an answer: %w", err)
		}
		requests[i].Want = string(text)
	}
	return requests, nil
}

// runBare calls the application in as many processes as the peers have. Where it works and does not wait, each has one
// thread, as more could only disturb each other.
func (p Plan) runBare(ctx context.Context, kit peer.Kit, dir string, s scenario) (Run, error) {
	task := bareTask{
		Dir: dir, App: s.app, Requests: bareRequests(s.requests), Processes: kit.Workers, Threads: 1,
		Warmup: p.Warmup.Seconds(), Seconds: p.Duration.Seconds(),
	}
	if s.waits {
		task.Threads = kit.Threads
	}
	var results []bareResult
	if err := askBare(ctx, kit, task, &results); err != nil {
		return Run{}, err
	}
	var run Run
	for _, r := range results {
		run.Answered += r.Calls
		run.PerSecond += float64(r.Calls) / r.Elapsed
		run.CPU += time.Duration(r.CPU * float64(time.Second))
		run.Switches += r.Switches
		run.PSS += r.PSS
	}
	run.All = run.Answered
	if run.Answered == 0 {
		return run, errors.New("it was not called once")
	}
	return run, nil
}

func askBare(ctx context.Context, kit peer.Kit, task bareTask, result any) error {
	ctx, cancel := context.WithTimeout(ctx, time.Duration((task.Warmup+task.Seconds)*float64(time.Second))+bareGrace)
	defer cancel()
	text, err := json.Marshal(task)
	if err != nil {
		return err
	}
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, kit.Python, "-B", filepath.Join(kit.Root, "bench", "apps", "bare.py"))
	cmd.Stdin, cmd.Stderr, cmd.Dir = bytes.NewReader(text), &said, task.Dir
	// It forks, and what ends it ends all.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	out, err := cmd.Output()
	if ctx.Err() != nil {
		return fmt.Errorf("call %s without a server: %w", task.App, context.Cause(ctx))
	}
	if err != nil {
		return fmt.Errorf("call %s without a server: %w\n%s", task.App, err, said.String())
	}
	if err := json.Unmarshal(out, result); err != nil {
		return fmt.Errorf("call %s without a server: %w", task.App, err)
	}
	return nil
}
