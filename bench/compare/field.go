package compare

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"forebay/bench/machine"
	"forebay/bench/peer"
	"forebay/bench/report"
)

// field is where peers run that have all been started with the same application.
type field struct {
	opts  options
	kit   peer.Kit
	apps  string // directory of the applications
	files string // directory of the files, if that is what is asked for

	contenders []*contender
}

// contender is a peer that takes part, unless it has a fault.
type contender struct {
	peer.Peer
	fault error
}

var errNoFiles = errors.New("it serves no files by itself")

// newField starts the chosen peers for the scenario and those that have its group. Who does not start has a fault. The
// caller stops the field.
func newField(ctx context.Context, opts options, kit peer.Kit, apps, files string, s scenario) *field {
	kit.Sessions = s.session
	f := &field{opts: opts, kit: kit, apps: apps}
	if s.file > 0 {
		f.files = files
	}
	peer.Progress("starting all peers with " + s.app)
	var starting sync.WaitGroup
	for _, name := range kit.Present(opts.Peers) {
		c := &contender{Peer: peer.New(name, kit)}
		f.contenders = append(f.contenders, c)
		starting.Go(func() { f.start(ctx, c, s) }) // ends when it answers, or will not
	}
	starting.Wait()
	return f
}

// start starts a peer. As somebody may have taken the port that was free a moment ago, it has a second chance.
func (f *field) start(ctx context.Context, c *contender, s scenario) {
	if f.files != "" && !peer.ServesFiles(c.Name()) {
		c.fault = errNoFiles
		return
	}
	first := s.requests[0]
	for range 2 {
		c.fault = peer.Start(ctx, c.Peer, peer.Scenario{
			Name: s.Name(), App: s.app, Path: first.Path, Body: first.Want, Post: first.Body, Dir: f.apps, Files: f.files,
		})
		if c.fault == nil {
			return
		}
		c.Stop()
	}
	peer.Progress(c.Name() + " did not start: " + c.fault.Error())
}

// stop ends all peers.
func (f *field) stop() {
	var stopping sync.WaitGroup
	for _, c := range f.contenders {
		stopping.Go(c.Stop) // ends with its processes, by force if need be
	}
	stopping.Wait()
}

// settings are what was started.
func (f *field) settings() []report.Peer {
	var all []report.Peer
	for _, c := range f.contenders {
		if c.fault != nil {
			continue
		}
		one := report.Peers([]peer.Peer{c.Peer})[0]
		if f.files != "" {
			one.Name += ", files"
		}
		one.Settings = withoutPort(one.Settings, c.URL())
		all = append(all, one)
	}
	return all
}

// withoutPort takes the port out of settings, as it is another one each time.
func withoutPort(s peer.Settings, url string) peer.Settings {
	port := url[strings.LastIndexByte(url, ':')+1:]
	clean := peer.Settings{Notes: s.Notes, Files: map[string]string{}}
	for _, command := range s.Commands {
		clean.Commands = append(clean.Commands, strings.ReplaceAll(command, port, "PORT"))
	}
	for name, text := range s.Files {
		clean.Files[name] = strings.ReplaceAll(text, port, "PORT")
	}
	return clean
}

// ready starts those again that have died of the scenario before, and forgets their faults.
func (f *field) ready(ctx context.Context, s scenario) {
	for _, c := range f.contenders {
		if errors.Is(c.fault, errNoFiles) || c.fault == nil && c.Alive() == nil {
			continue
		}
		c.Stop()
		f.start(ctx, c, s)
	}
}

// present are those without a fault.
func (f *field) present() []*contender {
	var all []*contender
	for _, c := range f.contenders {
		if c.fault == nil {
			all = append(all, c)
		}
	}
	return all
}

// try does something with a peer. If a process came or went meanwhile it is done once more. What then fails is its fault.
func (c *contender) try(ctx context.Context, what string, do func() error) error {
	err := do()
	if errors.Is(err, machine.ErrTreeChanged) {
		err = do()
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		c.fault = fmt.Errorf("%s: %w", what, err)
		peer.Progress(c.Name() + ": " + c.fault.Error())
	}
	return nil
}

// prepare copies the applications to where a database may be written, makes it, and writes the files. It returns both
// directories.
func prepare(ctx context.Context, opts options, kit peer.Kit) (apps, files string, err error) {
	apps, files = filepath.Join(kit.Temp, "apps"), filepath.Join(kit.Temp, "files")
	if err := os.CopyFS(apps, os.DirFS(filepath.Join(kit.Root, "bench", "apps"))); err != nil {
		return "", "", fmt.Errorf("copy the applications: %w", err)
	}
	if err := os.MkdirAll(files, 0o750); err != nil {
		return "", "", fmt.Errorf("write files: %w", err)
	}
	for _, s := range opts.Scenarios {
		if s.file == 0 {
			continue
		}
		if err := os.WriteFile(filepath.Join(files, s.name), contents(s.file), 0o644); err != nil {
			return "", "", fmt.Errorf("write files: %w", err)
		}
	}
	if opts.needs(django) && len(kit.Present([]string{django.Name})) > 0 {
		err = createPages(ctx, kit.Python, apps)
	}
	return apps, files, err
}
