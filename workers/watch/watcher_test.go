package watch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const deadline = 30 * time.Second

// scene is a directory that is watched.
type scene struct {
	t       *testing.T
	dir     string
	watcher *Watcher
	began   chan struct{}
	told    chan []string
	log     *lines
}

// lines are what was logged.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) has(part string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.text.String(), part)
}

// newScene lays out files, whose directories come with them.
func newScene(t *testing.T, files ...string) *scene {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	s := &scene{t: t, dir: dir, began: make(chan struct{}, 1000), told: make(chan []string, 1000), log: &lines{}}
	for _, file := range files {
		s.write(file, "old")
	}
	return s
}

// watch begins to watch, and ends with the test.
func (s *scene) watch(deaf bool, patterns ...string) {
	s.t.Helper()
	s.open(deaf, patterns...)
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		s.watcher.Run(ctx, func() { s.began <- struct{}{} }, func(files []string) { s.told <- files })
	})
	s.t.Cleanup(func() { stop(); running.Wait() })
}

func (s *scene) open(deaf bool, patterns ...string) {
	s.t.Helper()
	for i, p := range patterns {
		patterns[i] = filepath.Join(s.dir, p)
	}
	var err error
	s.watcher, err = New(patterns, slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	require.NoError(s.t, err)
	if deaf {
		s.watcher.connect = func() (*fsnotify.Watcher, error) { return nil, errors.New("no more instances") }
	}
	s.watcher.Open()
}

func (s *scene) path(name string) string { return filepath.Join(s.dir, name) }

func (s *scene) write(name, text string) {
	s.t.Helper()
	require.NoError(s.t, os.MkdirAll(filepath.Dir(s.path(name)), 0o700))
	require.NoError(s.t, os.WriteFile(s.path(name), []byte(text), 0o600))
}

func (s *scene) rename(from, to string) {
	s.t.Helper()
	require.NoError(s.t, os.Rename(s.path(from), s.path(to)))
}

func (s *scene) remove(name string) {
	s.t.Helper()
	require.NoError(s.t, os.RemoveAll(s.path(name)))
}

// awaitTold returns all that was told until each of these files has been.
func (s *scene) awaitTold(want ...string) map[string]bool {
	s.t.Helper()
	told := map[string]bool{}
	missing := func() bool {
		for _, name := range want {
			if !told[name] {
				return true
			}
		}
		return false
	}
	for timer := time.After(deadline); missing(); {
		select {
		case files := <-s.told:
			require.NotEmpty(s.t, s.began, "it is said when it begins")
			<-s.began
			for _, file := range files {
				name, err := filepath.Rel(s.dir, file)
				require.NoError(s.t, err)
				told[name] = true
			}
		case <-timer:
			require.FailNow(s.t, "not told in time", "%v of %v", told, want)
		}
	}
	return told
}

func bothWays(t *testing.T, test func(t *testing.T, deaf bool)) {
	t.Helper()
	for name, deaf := range map[string]bool{"told by the kernel": false, "looked at": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, deaf)
		})
	}
}

func TestChangesAreTold(t *testing.T) {
	cases := map[string]struct {
		change func(s *scene)
		want   []string
	}{
		"written in place": {func(s *scene) { s.write("a.py", "newer") }, []string{"a.py"}},
		"renamed over":     {func(s *scene) { s.write("a.py.new", "newer"); s.rename("a.py.new", "a.py") }, []string{"a.py"}},
		"touched": {func(s *scene) {
			now := time.Now()
			require.NoError(s.t, os.Chtimes(s.path("a.py"), now, now))
		}, []string{"a.py"}},
		"created":             {func(s *scene) { s.write("new.py", "new") }, []string{"new.py"}},
		"removed":             {func(s *scene) { s.remove("a.py") }, []string{"a.py"}},
		"moved":               {func(s *scene) { s.rename("a.py", "sub/a.py") }, []string{"a.py", "sub/a.py"}},
		"in a directory":      {func(s *scene) { s.write("sub/deep/b.py", "newer") }, []string{"sub/deep/b.py"}},
		"in a new directory":  {func(s *scene) { s.write("more/yet/c.py", "new") }, []string{"more/yet/c.py"}},
		"a directory came":    {func(s *scene) { s.rename(".out", "in") }, []string{"in/d.py"}},
		"backup, then create": {func(s *scene) { s.rename("a.py", "a.py~"); s.write("a.py", "newer") }, []string{"a.py"}},
		"a directory was removed and is there again": {
			func(s *scene) { s.remove("sub"); s.write("sub/deep/b.py", "newer") }, []string{"sub/deep/b.py"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, deaf bool) {
				s := newScene(t, "a.py", "sub/deep/b.py", ".out/d.py")
				s.watch(deaf, "**/*.py")
				c.change(s)
				s.awaitTold(c.want...)
			})
		})
	}
}

func TestDirectoriesAreFollowed(t *testing.T) {
	bothWays(t, func(t *testing.T, deaf bool) {
		s := newScene(t, "a.py")
		s.watch(deaf, "**/*.py")
		s.write("sub/deep/b.py", "new")
		s.awaitTold("sub/deep/b.py")
		s.write("sub/deep/b.py", "newer")
		s.awaitTold("sub/deep/b.py")
		s.rename("sub", "moved")
		s.awaitTold("moved/deep/b.py")
		s.write("moved/deep/b.py", "the newest")
		s.awaitTold("moved/deep/b.py")
		s.remove("moved")
		s.awaitTold("moved/deep/b.py")
		s.write("moved/deep/b.py", "again")
		s.awaitTold("moved/deep/b.py")
	})
}

func TestWhatDoesNotMatterIsNotTold(t *testing.T) {
	bothWays(t, func(t *testing.T, deaf bool) {
		s := newScene(t, "a.py", "venv/pyvenv.cfg", "venv/lib/x.py", "__pycache__/a.py")
		require.NoError(t, os.Chtimes(s.path("a.py"), time.Time{}, time.Unix(1e9, 0)))
		s.watch(deaf, "**/*.py")
		for _, name := range []string{"venv/lib/x.py", "__pycache__/a.py", ".#a.py", "a.py~", "a.txt", "flycheck_a.py", ".git/hook.py"} {
			s.write(name, "newer")
		}
		require.NoError(t, os.Chmod(s.path("a.py"), 0o400))
		s.write("last.py", "new")
		assert.Equal(t, map[string]bool{"last.py": true}, s.awaitTold("last.py"))
	})
}

func TestNamedFilesAreWatched(t *testing.T) {
	bothWays(t, func(t *testing.T, deaf bool) {
		s := newScene(t, "app/a.py", "lib/one.py", "lib/other.py", "lib/.real/two.py")
		require.NoError(t, os.Symlink(s.path("lib"), s.path("link")))
		require.NoError(t, os.Symlink(s.path("lib/.real/two.py"), s.path("app/two.py")))
		s.watch(deaf, "app/*.nothing")
		s.watcher.Add([]string{s.path("link/one.py"), s.path("app/two.py"), s.path("gone/three.py"), "/no/such/file.py"})
		require.Eventually(t, func() bool { return s.log.has("modules are watched") }, deadline, time.Millisecond)
		s.write("lib/other.py", "newer")
		s.write("lib/one.py", "newer")
		assert.NotContains(t, s.awaitTold("lib/one.py"), "lib/other.py")
		s.write("lib/.real/two.py", "newer")
		s.awaitTold("lib/.real/two.py")
		s.remove("lib")
		s.awaitTold("lib/one.py")
		s.write("lib/one.py", "again")
		s.awaitTold("lib/one.py")
		s.write("lib/one.py", "and again")
		s.awaitTold("lib/one.py")
	})
}

func TestPatternOfADirectoryThatIsNotThereYet(t *testing.T) {
	bothWays(t, func(t *testing.T, deaf bool) {
		s := newScene(t, "a.py")
		s.watch(deaf, "site/templates/**/*.html")
		s.write("site/templates/shop/a.html", "new")
		s.awaitTold("site/templates/shop/a.html")
	})
}

func TestManyFilesAreToldTogether(t *testing.T) {
	s := newScene(t)
	s.watch(false, "**/*.py")
	var names []string
	for i := range 200 {
		names = append(names, fmt.Sprintf("d%d/m%d.py", i%7, i))
		s.write(names[i], "new")
	}
	s.awaitTold(names...)
}

func TestCrowdOfDirectoriesIsSaid(t *testing.T) {
	s := newScene(t, "a.py", "sub/b.py")
	s.open(false, "*.py")
	t.Cleanup(s.watcher.close)
	for i := range maxDirs / 2 {
		s.watcher.dirs[fmt.Sprint("/no/", i)] = &dir{}
	}
	s.watcher.patterns[0].rest = []string{"**", "*.py"}
	s.watcher.enter(s.path("sub"), false)
	assert.True(t, s.log.has("too many directories: changes in some are not seen"))
	assert.NotContains(t, s.watcher.dirs, s.path("sub"))
	assert.Contains(t, s.watcher.dirs, s.dir)
	s.watcher.watch(s.path("sub/b.py"))
	assert.Contains(t, s.watcher.dirs, s.path("sub"), "there is room for modules")
}

func TestNoKernelIsSaid(t *testing.T) {
	s := newScene(t)
	s.watch(true, "*.py")
	assert.True(t, s.log.has(`level=WARN msg="the kernel tells of no changes, files are looked at instead" error="no more instances" every=500ms`))
}

func TestLostNewsAreAChange(t *testing.T) {
	s := newScene(t)
	s.watch(false, "*.py")
	s.watcher.notifier.Errors <- fsnotify.ErrEventOverflow
	<-s.began
	assert.Equal(t, []string{"more files than the kernel could tell"}, <-s.told)
}
