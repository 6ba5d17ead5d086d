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
	c.Admin.check(&faults)
	c.Proxy.check(&faults)
	c.Dispatch.check(&faults)
	c.Workers.check(&faults)
	c.Redis.check(&faults)
	c.checkPaths(&faults)
	c.checkLimits(&faults)
	return faults.err()
}

// checkNumbers holds each number to the least that its setting allows.
func (c Config) checkNumbers(faults *Faults) {
	for _, setting := range Settings {
		faults.checkLeast(setting.Key, setting, setting.field(&c))
	}
}

// checkLeast holds a number to the least that its setting allows.
func (f *Faults) checkLeast(key string, setting Setting, field reflect.Value) {
	if field.CanInt() && field.Int() < setting.kind.least {
		least := setting.kind.format(reflect.ValueOf(setting.kind.least))
		f.add(key, Origin{}, "want %s or more, not %s", least, setting.kind.format(field))
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
	if _, err := styleKind.parse(string(l.Format), ""); err != nil {
		faults.add("log_format", Origin{}, "%v", err)
	}
	switch {
	case IsSyslog(l.Access):
		if _, err := ParseSyslog(l.Access); err != nil {
			faults.add("access_logfile", Origin{}, "%v", err)
		}
	case l.Access != "-":
		faults.check("access_logfile", l.Access, checkParent)
	}
	if _, err := parseLogFormat(l.AccessFormat, ""); err != nil {
		faults.add("access_log_format", Origin{}, "%v", err)
	}
	faults.checkEach("access_log_exclude", l.AccessExclude, checkPattern)
	if _, err := parsePart(formatPart(reflect.ValueOf(l.AccessSample)), ""); err != nil {
		faults.add("access_log_sample", Origin{}, "%v", err)
	}
}

func (p Proxy) check(faults *Faults) {
	p.checkBind(faults)
	var prefixes prefixes
	for _, static := range p.Static {
		prefixes.check(faults, staticKey, static.Prefix, static.Dir)
		faults.checkStatic(static)
	}
	prefixes = nil
	for _, internal := range p.XAccelRedirect {
		prefixes.check(faults, "x_accel_redirect", internal.Prefix, internal.Dir)
	}
	faults.checkEach("x_sendfile", p.XSendfile, checkDir)
	faults.checkEach("forwarded_allow_ips", p.ForwardedAllowIPs, checkPeer)
	faults.checkEach("proxy_protocol_from", p.ProxyProtocolFrom, checkPeer)
	faults.check("temp_dir", p.TempDir, checkDir)
	faults.check("request_id_header", p.RequestIDHeader, checkIDField)
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

// prefixes are those that a list of mappings has had so far.
type prefixes []string

// check looks at one mapping of key.
func (p *prefixes) check(faults *Faults, key, prefix, dir string) {
	if !strings.HasPrefix(prefix, "/") || !strings.HasSuffix(prefix, "/") {
		faults.add(key, Origin{}, "want a prefix that begins and ends with a slash, not %q", prefix)
	}
	if slices.Contains(*p, prefix) {
		faults.add(key, Origin{}, "want the prefix %q once", prefix)
	}
	*p = append(*p, prefix)
	if dir == "" {
		faults.add(key, Origin{}, "want a directory for the prefix %q", prefix)
	}
	faults.check(key, dir, checkDir)
}

func (d Dispatch) check(faults *Faults) {
	if _, err := retryKind.parse(string(d.Retry), ""); err != nil {
		faults.add("retry", Origin{}, "%v", err)
	}
}

func (w Workers) check(faults *Faults) {
	faults.check("hooks", w.Hooks, checkFile)
	faults.checkEach("reload_extra_files", w.ReloadExtraFiles, checkGlob)
	if w.MaxRSSHard > 0 && w.MaxRSSHard < w.MaxRSS {
		text := fmt.Sprintf("want max_rss (%s) or more, or 0, not %s",
			formatSize(reflect.ValueOf(w.MaxRSS)), formatSize(reflect.ValueOf(w.MaxRSSHard)))
		*faults = append(*faults, Fault{Key: "max_rss_hard", Text: text, with: "max_rss"})
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

// checkEach is check for the elements of a list.
func (f *Faults) checkEach(key string, texts []string, rule func(string) error) {
	for _, text := range texts {
		f.check(key, text, rule)
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

func checkFile(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: there is no such file", path)
	case err != nil:
		return fmt.Errorf("%s: %w", path, rootCause(err))
	case info.IsDir():
		return fmt.Errorf("%s: want a file, not a directory", path)
	}
	return nil
}

func checkGlob(pattern string) error {
	if _, err := filepath.Match(pattern, ""); err != nil {
		return fmt.Errorf("want a pattern such as \"templates/*.html\", not %q", pattern)
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

// checkPeer is for those who are believed about the client: an address, a network, everybody, or a unix socket's peers.
func checkPeer(text string) error {
	if text == "*" || text == "unix" {
		return nil
	}
	if _, err := netip.ParsePrefix(text); err == nil {
		return nil
	}
	if _, err := netip.ParseAddr(text); err == nil {
		return nil
	}
	return fmt.Errorf("want an IP address, a network such as 10.0.0.0/8, \"*\" or \"unix\", not %q", text)
}
