package compare

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// scenario is an application with the way in which it is asked.
type scenario struct {
	application
	connections int
	// perConnection is after how many requests a connection is closed; 0 is never.
	perConnection int
	// session says that the peers have sessions of their own: see peer.Kit.
	session bool
	// wrk says that wrk asks and not our own client: to see that both see the same.
	wrk bool
}

const (
	usualConnections = 64
	mostConnections  = 4096
)

// manners are how an application may be asked, by what stands behind its name.
var manners = map[string]func(*scenario){
	"close":   func(s *scenario) { s.perConnection = 1 },
	"close10": func(s *scenario) { s.perConnection = 10 },
	"session": func(s *scenario) { s.session = true },
	"wrk":     func(s *scenario) { s.wrk = true },
}

// Sets of scenarios that have a name.
var sets = map[string]string{
	"default": "hello@1,hello@8,hello,hello@512,hello/close,hello/close10,hello/wrk,json,echo,flask,django,django-query,large,chunks,sleep," +
		"mixed,static-1k,static-10k,static-1m",
	"quick":    "hello,django@8,static-1k@8",
	"sessions": "hello@8/session,hello/session,json/session,echo/session,flask/session,django/session,django-query/session",
	"all":      all(),
}

// all is every application with every number of connections and every way to close them.
func all() string {
	var names []string
	for _, name := range applicationNames() {
		for _, connections := range []int{1, 8, 64, 512} {
			names = append(names, fmt.Sprintf("%s@%d", name, connections))
		}
		names = append(names, name+"/close", name+"/close10")
	}
	return strings.Join(names, ",")
}

// parseScenarios reads a list of scenarios and sets of them, and returns each once, those of one application together.
func parseScenarios(list string) ([]scenario, error) {
	var found []scenario
	seen := map[string]bool{}
	for _, name := range strings.Split(list, ",") {
		if set, ok := sets[name]; ok {
			name = set
		}
		for _, name := range strings.Split(name, ",") {
			s, err := parseScenario(name)
			if err != nil {
				return nil, err
			}
			if !seen[s.Name()] {
				found = append(found, s)
			}
			seen[s.Name()] = true
		}
	}
	order := applicationNames()
	slices.SortStableFunc(found, func(a, b scenario) int { return slices.Index(order, a.name) - slices.Index(order, b.name) })
	return found, nil
}

// parseScenario reads APPLICATION[@CONNECTIONS][/MANNER].
func parseScenario(text string) (scenario, error) {
	head, manner, mannered := strings.Cut(text, "/")
	name, count, counted := strings.Cut(head, "@")
	i := slices.Index(applicationNames(), name)
	if i < 0 {
		return scenario{}, fmt.Errorf("-scenarios: no application is named %q; there are %s", name, strings.Join(applicationNames(), ", "))
	}
	s := scenario{application: applications[i], connections: usualConnections}
	if counted {
		n, err := strconv.Atoi(count)
		if err != nil || n < 1 || n > mostConnections {
			return scenario{}, fmt.Errorf("-scenarios: %s: connections are a number from 1 to %d", text, mostConnections)
		}
		s.connections = n
	}
	if mannered {
		change, ok := manners[manner]
		if !ok {
			return scenario{}, fmt.Errorf("-scenarios: %s: behind the slash stands close, close10, session or wrk", text)
		}
		change(&s)
	}
	if s.wrk && (len(s.requests) != 1 || s.requests[0].Method != "GET") {
		return scenario{}, fmt.Errorf("-scenarios: %s: wrk only asks for one path", text)
	}
	return s, nil
}

// Name is the scenario as it is asked for, in full.
func (s scenario) Name() string {
	name := fmt.Sprintf("%s@%d", s.name, s.connections)
	switch {
	case s.wrk:
		name += "/wrk"
	case s.session:
		name += "/session"
	case s.perConnection == 1:
		name += "/close"
	case s.perConnection > 1:
		name += fmt.Sprintf("/close%d", s.perConnection)
	}
	return name
}

// Says says what is asked, and how.
func (s scenario) Says() string {
	says := fmt.Sprintf("%s; %d connections", s.says, s.connections)
	if s.connections == 1 {
		says = s.says + "; 1 connection"
	}
	switch {
	case s.wrk:
		says += ", asked by wrk as a check of our own client"
	case s.session:
		says += ", where each server has a session of its own"
	case s.perConnection == 1:
		says += ", closed after every request"
	case s.perConnection > 1:
		says += fmt.Sprintf(", closed after %d requests", s.perConnection)
	}
	return says
}

// isRated reports whether it is also measured at steady rates: only in the usual way, as everything takes time.
func (s scenario) isRated() bool {
	return s.rated && s.perConnection == 0 && !s.wrk && !s.session && s.connections == usualConnections
}

// group is what scenarios have in common that can be asked of the same started peers.
type group struct {
	app     string
	files   bool
	session bool
}

func (s scenario) group() group { return group{s.app, s.file > 0, s.session} }
