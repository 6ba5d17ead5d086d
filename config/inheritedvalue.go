package config

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// gunicornSpecial are the settings of gunicorn's that need more than another name.
var gunicornSpecial = map[string]func(h *heir, name string, value GunicornValue){
	"worker_class":        (*heir).takeClass,
	"bind":                (*heir).takeBind,
	"umask":               (*heir).takeUmask,
	"raw_env":             (*heir).takeEnv,
	"accesslog":           (*heir).takeAccessLog,
	"access_log_format":   (*heir).takeLogFormat,
	"forwarded_allow_ips": (*heir).takeProxies,
	"proxy_protocol":      (*heir).takeProxyProtocol,
	"proxy_allow_ips":     func(*heir, string, GunicornValue) {}, // proxy_protocol asks for it

	"limit_request_line":       (*heir).takeHeadLimit,
	"limit_request_field_size": (*heir).takeHeadLimit,
}

// greenThreads are for the application of a gevent worker, which had a thousand: most of them wait, and so do threads.
const greenThreads = 32

const (
	oneAtATime = "threads is 1, as each process ran one request at a time: give threads, if the application bears that"
	deadlined  = "timeout bounds each request, also those in threads"
)

// takeClass looks at the kind of worker. How many threads that means is for chooseThreads.
func (h *heir) takeClass(name string, value GunicornValue) {
	class := classOf(value.Value)
	switch kindOfWorker(class) {
	case foreignWorker:
		h.faults.add(name, h.at(value.Line), "%s is not for WSGI: %s", class, wsgiOnly)
	case greenWorker:
		h.note("threads", name, value.Line, fmt.Sprintf("%s: requests run in threads, which wait as greenlets do; %d in each process unless threads says otherwise. %s",
			class, greenThreads, deadlined))
	case threadWorker:
		h.note("threads", name, value.Line, class+": "+oneKind+"; "+deadlined)
	case otherWorker:
		h.ignore(name, value.Line, class+" is not run: "+oneKind)
	case plainWorker: // see chooseThreads
	}
}

// workerKind is a kind of gunicorn's workers.
type workerKind int

const (
	plainWorker   workerKind = iota // one request at a time
	threadWorker                    // threads
	greenWorker                     // gevent, eventlet
	foreignWorker                   // no WSGI
	otherWorker                     // somebody's own
)

// kindOfWorker tells by the name of a class, or its short form.
func kindOfWorker(class string) workerKind {
	lower := strings.ToLower(class)
	for _, known := range []struct {
		part string
		kind workerKind
	}{
		{"uvicorn", foreignWorker}, {"asgi", foreignWorker}, {"aiohttp", foreignWorker}, {"hypercorn", foreignWorker},
		{"tornado", foreignWorker}, {"gunicornwebworker", foreignWorker}, {"gunicornuvloopwebworker", foreignWorker},
		{"gevent", greenWorker}, {"eventlet", greenWorker}, {"gthread", threadWorker},
	} {
		if strings.Contains(lower, known.part) {
			return known.kind
		}
	}
	if lower == "" || lower == "sync" || strings.HasSuffix(lower, ".syncworker") {
		return plainWorker
	}
	return otherWorker
}

// classOf is the name of a class, whether it was named or imported.
func classOf(value any) string {
	switch value := value.(type) {
	case string:
		return value
	case GunicornObject:
		return cmp.Or(value.Class, value.Type)
	}
	return ""
}

// chooseThreads gives the threads that gunicorn would have: one, unless it is said otherwise or greenlets have to be
// replaced.
func (h *heir) chooseThreads() {
	class := h.file.Settings["worker_class"]
	if h.gives("threads") {
		return
	}
	switch kindOfWorker(classOf(class.Value)) {
	case greenWorker:
		h.give("threads", "worker_class", class.Line, strconv.Itoa(greenThreads))
	default:
		h.give("threads", "worker_class", class.Line, "1")
		name := "worker_class"
		if class.Value == nil {
			name = "threads"
		}
		h.note("threads", name, class.Line, cmp.Or(classOf(class.Value), "sync")+": "+oneAtATime)
	}
}

// takeBind reads addresses as gunicorn does, which need no port.
func (h *heir) takeBind(name string, value GunicornValue) {
	if saysNothing(value.Value) {
		return
	}
	setting, _ := Find("bind")
	texts, err := setting.texts(value.Value)
	var binds []string
	for _, text := range texts {
		for part := range strings.SplitSeq(text, ",") {
			if part = strings.TrimSpace(part); part != "" {
				binds = append(binds, gunicornBind(part))
			}
		}
	}
	for _, bind := range binds {
		if err == nil {
			_, err = ParseBind(bind)
		}
	}
	if err != nil {
		h.faults.add(name, h.at(value.Line), "%v", err)
		return
	}
	h.give("bind", name, value.Line, binds...)
}

// gunicornBind is an address of gunicorn's in our form.
func gunicornBind(text string) string {
	text = strings.TrimPrefix(text, "tcp://")
	if path, isUnix := strings.CutPrefix(text, unixPrefix); isUnix {
		if absolute, found := strings.CutPrefix(path, "//"); found {
			path = absolute
		}
		return unixPrefix + path
	}
	const port = ":8000"
	switch {
	case strings.HasPrefix(text, fdPrefix):
	case strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]"), !strings.Contains(text, ":"):
		text += port
	case strings.HasSuffix(text, ":") && !strings.HasSuffix(text, "::"):
		text = strings.TrimSuffix(text, ":") + port
	}
	return text
}

// takeUmask: Python has octal numbers, and no text.
func (h *heir) takeUmask(name string, value GunicornValue) {
	if n, ok := value.Value.(int64); ok && n >= 0 {
		h.give("umask", name, value.Line, fmt.Sprintf("%03o", n))
		return
	}
	if value.Value != nil {
		h.takeAs("umask", name, value)
	}
}

// takeEnv: gunicorn knows by SCRIPT_NAME where the application is mounted.
func (h *heir) takeEnv(name string, value GunicornValue) {
	setting, _ := Find("env")
	if saysNothing(value.Value) {
		return
	}
	texts, err := setting.texts(value.Value)
	if err != nil {
		h.faults.add(name, h.at(value.Line), "%v", err)
		return
	}
	var pairs []string
	for _, pair := range texts {
		if mount, found := strings.CutPrefix(pair, "SCRIPT_NAME="); found && mount != "" {
			h.give("script_name", name, value.Line, mount)
			continue
		}
		pairs = append(pairs, pair)
	}
	if len(pairs) > 0 {
		h.give("env", name, value.Line, pairs...)
	}
}

// takeAccessLog: None is none, as nothing else would be said by it.
func (h *heir) takeAccessLog(name string, value GunicornValue) {
	if value.Value == nil {
		h.give("access_logfile", name, value.Line, "")
		return
	}
	h.takeAs("access_logfile", name, value)
}

// takeLogFormat leaves out a format that has something only gunicorn knows: what is logged is less than whether it serves.
func (h *heir) takeLogFormat(name string, value GunicornValue) {
	text, isText := value.Value.(string)
	if !isText {
		return
	}
	if _, err := ParseLogFormat(text); err != nil {
		h.ignore(name, value.Line, err.Error())
		return
	}
	h.give("access_log_format", name, value.Line, text)
}

// takeProxies warns of what was harmless as long as only another server could connect.
func (h *heir) takeProxies(name string, value GunicornValue) {
	if saysNothing(value.Value) {
		return
	}
	h.takeAs("forwarded_allow_ips", name, value)
	if text, _ := value.Value.(string); strings.TrimSpace(text) == "*" {
		h.Notes = append(h.Notes, Remark{
			Name: name, Origin: h.at(value.Line), Key: "forwarded_allow_ips", Grave: true,
			Text: "* believes everybody who connects about who he is: right behind a proxy only; else name nobody (forwarded_allow_ips = [])",
		})
	}
}

// takeProxyProtocol names those who may send the header, as that is our switch for it.
func (h *heir) takeProxyProtocol(name string, value GunicornValue) {
	if text, isText := value.Value.(string); saysNothing(value.Value) || isText && strings.EqualFold(text, "off") {
		return
	}
	from, said := h.file.Settings["proxy_allow_ips"]
	if !said || saysNothing(from.Value) {
		from = GunicornValue{"127.0.0.1,::1", value.Line} // gunicorn's default
	}
	h.takeAs("proxy_protocol_from", name, from)
}

// takeHeadLimit: 0 is no limit to gunicorn. There is none such here.
func (h *heir) takeHeadLimit(name string, value GunicornValue) {
	switch value.Value {
	case nil:
	case int64(0):
		h.ignore(name, value.Line, "there is no head without a limit: head_size bounds all of it")
	default:
		h.takeAs(name, name, value)
	}
}
