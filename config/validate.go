package config

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"net/netip"
	"os"
	"os/user"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Validate looks at the whole configuration and returns all that is wrong as Faults, or nil. It asks the file system and
// the user database, and opens nothing.
func (c Config) Validate() error {
	var faults Faults
	c.checkNumbers(&faults)
	c.App.check(&faults)
	c.Process.check(&faults)
	c.Log.check(&faults)
	c.Proxy.check(&faults)
	return faults.err()
}

// checkNumbers holds each number to the least that its setting allows.
func (c Config) checkNumbers(faults *Faults) {
	for _, setting := range Settings {
		field := setting.field(&c)
		if field.CanInt() && field.Int() < setting.kind.least {
			faults.add(setting.Key, Origin{}, "want %s or more, not %s", setting.kind.format(reflect.ValueOf(setting.kind.least)), setting.Value(c))
		}
	}
}

func (a App) check(faults *Faults) {
	faults.check("app", a.Spec, checkSpec)
	faults.check("chdir", a.Chdir, checkDir)
	faults.check("script_name", a.ScriptName, checkMount)
	for _, pair := range a.Env {
		if key, _, found := strings.Cut(pair, "="); !found || key == "" || strings.ContainsRune(pair, 0) {
			faults.add("env", Origin{}, "want KEY=VALUE, not %q", pair)
		}
	}
}

func (p Process) check(faults *Faults) {
	faults.check("user", p.User, checkUser)
	faults.check("group", p.Group, checkGroup)
	faults.check("pid", p.PIDFile, checkParent)
	if p.Umask > 0o777 {
		faults.add("umask", Origin{}, "want an octal number from 0 to 777, not %o", p.Umask)
	}
}

func (l Log) check(faults *Faults) {
	if _, err := parseLevel(l.Level, ""); err != nil {
		faults.add("log_level", Origin{}, "%v", err)
	}
	if l.Access != "-" {
		faults.check("access_logfile", l.Access, checkParent)
	}
}

func (p Proxy) check(faults *Faults) {
	p.checkBind(faults)
	p.checkStatic(faults)
	for _, from := range p.ForwardedAllowIPs {
		if !isPeer(from) {
			faults.add("forwarded_allow_ips", Origin{}, "want an IP address, a network such as 10.0.0.0/8, \"*\" or \"unix\", not %q", from)
		}
	}
	faults.check("temp_dir", p.TempDir, checkDir)
	p.checkHead(faults, "limit_request_line", p.LimitRequestLine)
	p.checkHead(faults, "limit_request_field_size", p.LimitRequestFieldSize)
}

// checkHead holds a part of the head to the size of the whole.
func (p Proxy) checkHead(faults *Faults, key string, size int) {
	if size > p.HeadSize {
		text := fmt.Sprintf("want at most head_size (%d), not %d", p.HeadSize, size)
		*faults = append(*faults, Fault{Key: key, Text: text, with: "head_size"})
	}
}

func (p Proxy) checkBind(faults *Faults) {
	if len(p.Bind) == 0 {
		faults.add("bind", Origin{}, "want at least one address")
	}
	var seen []Bind
	for _, text := range p.Bind {
		bind, err := ParseBind(text)
		switch {
		case err != nil:
			faults.add("bind", Origin{}, "%v", err)
		case slices.Contains(seen, bind) && !strings.HasSuffix(bind.Address, ":0"): // port 0 is a new one each time
			faults.add("bind", Origin{}, "want %s once", bind)
		}
		seen = append(seen, bind)
	}
}

func (p Proxy) checkStatic(faults *Faults) {
	var seen []string
	for _, static := range p.Static {
		prefix := static.Prefix
		if !strings.HasPrefix(prefix, "/") || !strings.HasSuffix(prefix, "/") {
			faults.add("static", Origin{}, "want a prefix that begins and ends with a slash, not %q", prefix)
		}
		if slices.Contains(seen, prefix) {
			faults.add("static", Origin{}, "want the prefix %q once", prefix)
		}
		seen = append(seen, prefix)
		if static.Dir == "" {
			faults.add("static", Origin{}, "want a directory for the prefix %q", prefix)
		}
		faults.check("static", static.Dir, checkDir)
	}
}

// check adds what a rule has against a text. Rules are about what was given: an empty text passes.
func (f *Faults) check(key, text string, rule func(string) error) {
	if text == "" {
		return
	}
	if err := rule(text); err != nil {
		f.add(key, Origin{}, "%v", err)
	}
}

// checkMount: PEP 3333 has SCRIPT_NAME begin with a slash, and PATH_INFO begins with the one after it.
func checkMount(path string) error {
	if !strings.HasPrefix(path, "/") || strings.HasSuffix(path, "/") {
		return fmt.Errorf("want a path that begins with a slash and does not end with one, not %q", path)
	}
	return nil
}

func checkDir(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: there is no such directory", path)
	case err != nil:
		return fmt.Errorf("%s: %w", path, rootCause(err))
	case !info.IsDir():
		return fmt.Errorf("%s: want a directory", path)
	}
	return nil
}

// checkParent is for a file that is made or appended to later.
func checkParent(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("%s: want a file, not a directory", path)
	}
	return checkDir(filepath.Dir(path))
}

func checkUser(name string) error {
	if isID(name) {
		return nil
	}
	if _, err := user.Lookup(name); err != nil {
		return fmt.Errorf("there is no user %q", name)
	}
	return nil
}

func checkGroup(name string) error {
	if isID(name) {
		return nil
	}
	if _, err := user.LookupGroup(name); err != nil {
		return fmt.Errorf("there is no group %q", name)
	}
	return nil
}

// isID says whether text is a number of a user or group. It need not be in the user database. The highest one means
// "unchanged" to setreuid(2), and so cannot be anybody's.
func isID(text string) bool {
	id, err := strconv.ParseUint(text, 10, 32)
	return err == nil && id != math.MaxUint32
}

// isPeer says whether text names peers whose forwarded fields may be believed.
func isPeer(text string) bool {
	if text == "*" || text == "unix" {
		return true
	}
	if _, err := netip.ParsePrefix(text); err == nil {
		return true
	}
	_, err := netip.ParseAddr(text)
	return err == nil
}
