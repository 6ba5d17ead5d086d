package nginx

import (
	"regexp"
	"slices"
	"strings"
)

// locationKind is how a location is compared with a path.
type locationKind int

const (
	prefix  locationKind = iota // the beginning, the longest first
	exact                       // all of it
	pattern                     // an expression
	named                       // no path: others name it
)

// location is a block for some paths.
type location struct {
	*scope
	kind locationKind
	path string // for a pattern the expression
	// within is the location around it, or nil.
	within *location
}

// findLocations are the locations of a block and, below each of them, those in it.
func (m *migration) findLocations(s *scope, within *location) []*location {
	var found []*location
	for _, block := range s.blocks("location") {
		l := locationOf(block)
		l.within = within
		found = append(found, l)
		found = append(found, m.findLocations(block, l)...)
	}
	return found
}

func locationOf(s *scope) *location {
	first, second := arg(s.block, 0), arg(s.block, 1)
	for _, modifier := range []string{"=", "^~", "~*", "~"} { // "=/x" is as good as "= /x"
		if rest, found := strings.CutPrefix(first, modifier); found && rest != "" && second == "" {
			first, second = modifier, rest
			break
		}
	}
	switch {
	case first == "=":
		return &location{scope: s, kind: exact, path: second}
	case first == "^~":
		return &location{scope: s, kind: prefix, path: second}
	case first == "~" || first == "~*":
		return &location{scope: s, kind: pattern, path: second}
	case strings.HasPrefix(first, "@"):
		return &location{scope: s, kind: named, path: first}
	}
	return &location{scope: s, kind: prefix, path: first}
}

// takeLocations decides about each location, and about the server's own files.
func (m *migration) takeLocations() {
	m.takeLocationsOf(prefix, named)
	m.takeServerFiles()
	m.takeLocationsOf(exact)   // mostly one of the files that a prefix maps
	m.takeLocationsOf(pattern) // mostly about some of them
	m.findSingles()
	m.keepOut()
	m.leaveSingles()
}

func (m *migration) takeLocationsOf(kinds ...locationKind) {
	for _, l := range m.locations {
		if slices.Contains(kinds, l.kind) {
			m.takeLocation(l)
		}
	}
}

func (m *migration) takeLocation(l *location) {
	if m.done[l.block] {
		return
	}
	pass := passOf(l.scope)
	switch {
	case isHidden(l):
		m.served[l] = true
		m.leave(l.block, groupOwn, "names that begin with a dot are no files to forebay, .well-known excepted; what the application does with them is its own")
	case pass == nil && len(l.own("return")) > 0:
		m.leaveReturn(l)
	case len(l.own("stub_status")) > 0:
		m.leave(l.block, groupOwn, "forebay has metrics: --admin opens a listener for them")
	case pass == nil && hasOther(l.scope):
		m.leave(l.block, groupGone, "another program is asked here, and forebay passes requests on to Python only")
	case pass != nil && m.target(pass) != m.app:
		m.leave(l.block, groupGrave, "another server is asked here, and forebay passes requests on to Python only: whoever still asks for it needs another way")
	case pass != nil:
		m.takePassed(l, pass)
	case l.kind == named:
		m.leave(l.block, groupGone, "nothing is asked here that forebay knows")
	default:
		m.takeFiles(l)
	}
}

// hasOther says whether a block is for what is neither a file nor an application.
func hasOther(s *scope) bool {
	return slices.ContainsFunc([]string{"fastcgi_pass", "scgi_pass", "grpc_pass", "memcached_pass", "content_by_lua_block", "js_content", "perl", "dav_methods", "empty_gif", "mp4", "flv"},
		func(name string) bool { return len(s.own(name)) > 0 })
}

var hiddenPattern = regexp.MustCompile(`^(\^)?(\(\^\|/\)|/)?\\\.`)

// isHidden is true for the usual location that refuses .git and the like.
func isHidden(l *location) bool {
	denies := slices.ContainsFunc(l.own("deny"), func(d *directive) bool { return arg(d, 0) == "all" }) ||
		slices.ContainsFunc(l.own("return"), func(d *directive) bool { return arg(d, 0) == "404" || arg(d, 0) == "403" })
	if !denies {
		return false
	}
	return l.kind == pattern && hiddenPattern.MatchString(l.path) && endingsOf(l.path) == nil || l.kind != pattern && strings.HasPrefix(l.path, "/.")
}

func (m *migration) leaveReturn(l *location) {
	switch arg(l.own("return")[0], 0) {
	case "403", "404", "444":
		m.leave(l.block, groupGrave, "nobody had an answer from this path, and now it is the application's")
	default:
		m.leave(l.block, groupGone, "forebay has no answers of its own: the application can answer so")
	}
}

// guard is a directive by which a place is not for everybody, and which forebay has nothing for; nil if there is none.
func guard(s *scope) *directive {
	for _, name := range []string{
		"auth_basic", "auth_request", "auth_jwt", "auth_oidc", "secure_link", "secure_link_secret", "valid_referers", "limit_except", "access_by_lua_block",
		"access_by_lua_file", "ssl_verify_client", "if",
	} {
		d := s.last(name)
		if d == nil || arg(d, 0) == "off" || name == "if" && (!s.holds(d) || !forbids(s.enter(d))) || name == "limit_except" && isRead(d) {
			continue
		}
		return d
	}
	if rules := accessRules(s); len(rules) > 0 {
		if _, _, ok := access(rules); !ok || s.isOdd() && s.outer.differs(rules) {
			return rules[0]
		}
	}
	return nil
}

// isOdd is true for a location that is for no beginning of paths, so that no limit is for it.
func (s *scope) isOdd() bool {
	return s.block != nil && s.block.Directive == "location" && pathsOf(locationOf(s)) == nil
}

// differs says whether rules are others than those of a block, whose limit would count else.
func (s *scope) differs(rules []*directive) bool {
	theirs := accessRules(s)
	return len(theirs) == 0 || theirs[0] != rules[0]
}

// holds says whether a directive stands in the block itself or in the server around it: conditions are not inherited.
func (s *scope) holds(d *directive) bool {
	return slices.Contains(s.body, d) || s.outer != nil && s.outer.block != nil && s.outer.block.Directive == "server" && slices.Contains(s.outer.body, d)
}

// forbids says whether a condition keeps anybody from files. Which host was asked for, and by what program, keeps nobody.
func forbids(s *scope) bool {
	if slices.Contains([]string{"$host", "$http_host", "$server_name", "$scheme", "$https", "$request_method", "$http_user_agent"}, arg(s.block, 0)) {
		return false
	}
	return slices.ContainsFunc(s.own("return"), func(d *directive) bool { return strings.HasPrefix(arg(d, 0), "4") }) || len(s.own("deny")) > 0
}

// isRead says whether a limit_except allows what files are asked for with; the others are refused for files anyhow.
func isRead(d *directive) bool { return slices.Contains(d.Args, "GET") }

var (
	endingPattern = regexp.MustCompile(`^(?:\^?/?\.[*+])?\\\.(?:\((?:\?:)?([A-Za-z0-9|?]+)\)|([A-Za-z0-9?]+))\$$`)
	branchPattern = regexp.MustCompile(`^\^/\(?(?:\?:)?([A-Za-z0-9_|-]+)\)?(?:/|/\.[*+]\$?|\(/\|\$\))?$`)
)

// endingsOf are the endings of names that an expression is for, such as \.(css|jpe?g)$; nil if it is for something else.
func endingsOf(expression string) []string {
	parts := endingPattern.FindStringSubmatch(expression)
	if parts == nil {
		return nil
	}
	var endings []string
	for ending := range strings.SplitSeq(parts[1]+parts[2], "|") {
		if ending == "" || strings.HasPrefix(ending, "?") || strings.Contains(ending, "??") {
			return nil
		}
		endings = append(endings, optional(strings.ToLower(ending))...)
	}
	slices.Sort(endings)
	return slices.Compact(endings)
}

// optional are the words that letters with a question mark make: jpe?g is jpg and jpeg.
func optional(word string) []string {
	before, after, found := strings.Cut(word, "?")
	if !found {
		return []string{word}
	}
	words := optional(before + after)
	return append(words, optional(before[:len(before)-1]+after)...)
}

// branchesOf are the prefixes that an expression such as ^/(static|media)/ is for; nil if it is for something else.
func branchesOf(expression string) []string {
	parts := branchPattern.FindStringSubmatch(expression)
	if parts == nil {
		return nil
	}
	var branches []string
	for name := range strings.SplitSeq(parts[1], "|") {
		if name == "" {
			return nil
		}
		branches = append(branches, "/"+name+"/")
	}
	return branches
}
