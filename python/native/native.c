/* The short way of a request through a worker process: what the Python beside it (worker/forebay) does for every request
 * that is plain, done without a step of the interpreter but the application's own.
 *
 * It knows nothing that Python does not know. A request whose environ, fields or result are not plain goes on in
 * response.py, from wherever it is, by go_on(). Nothing here waits but write(), and nothing lets the GIL go but that and
 * the application, so whatever the main thread does to a slot (recall, cancel, interrupt) it does before or after.
 *
 * Only CPython's stable ABI is used (PEP 384): one file serves 3.9 and every newer one that has the GIL. No library is
 * named that it needs, so that it loads beside glibc and musl alike. */

#include "abi.h"

/* As in frame.py, slot.py, gate.py and response.py, which say what they mean. */
enum { HEAD = 6, REQUEST = 1, ONCE = 2, RESPONSE = 16, FREE = 1, NOBODY = -1, SMALL = 64 << 10, MAX_PAYLOAD = 1 << 20, HOLD_BYTES = 48 << 10 };

/* What the classes of the same names in state.py have. What Python looks at for each chunk of a body is an object here, too:
 * only the members that are, it finds as fast as its own slots. */

typedef struct {
    PyObject_HEAD
    PyObject *inside, *wanted; /* int */
} Gate;

typedef struct {
    PyObject_HEAD
    PyObject *buffer; /* a bytearray */
    Py_ssize_t start, pending;
} Reader;

typedef struct {
    PyObject_HEAD
    PyObject *gate, *reader, *held, *begun;
    Py_ssize_t size;
    long long recalled;
    double since, hold;
    unsigned int request;
    int answers;
    char closing, recalling, once;
} Slot;

typedef struct {
    PyObject_HEAD
    PyObject *slot, *status, *fields, *begun, *over; /* begun and over: bool */
    Py_ssize_t length; /* what Content-Length says; -1: nothing, or not told here */
    int flags;
    char head_only, plain; /* plain: status and fields were found good here, so they can be encoded here */
} Response;

static PyTypeObject *gate_type, *reader_type, *slot_type, *response_type;

/* What Python gives by prepare(). */
static PyObject *response_class, *file_wrapper, *bytes_io, *resumed_class, *respond_on, *close_result;

static PyObject *text_method, *text_input, *text_start, *text_hurried, *text_close, *text_write, *text_refuse, *text_absorb, *text_send, *text_write_all, *text_head, *zero, *nobody;

/* Puts an object in a place that may have one. */
static void put(PyObject **place, PyObject *object)
{
    PyObject *old = *place;
    Py_INCREF(object);
    *place = object;
    Py_XDECREF(old);
}

static inline unsigned int u32(const unsigned char *p) { return p[0] | p[1] << 8 | p[2] << 16 | (unsigned int)p[3] << 24; }

static inline unsigned char *put32(unsigned char *p, size_t n)
{
    p[0] = n, p[1] = n >> 8, p[2] = n >> 16, p[3] = n >> 24;
    return p + 4;
}

/* ---- The environ, out of marshal ---- */

/* Texts that were seen before, at a place that their bytes give. Names of fields, methods, hosts: the same ones come with
 * every request, and one that is found here is neither made nor hashed again. What is new takes the place of what was. */
enum { SEEN = 1024, SEEN_LONGEST = 40 };
static struct {
    PyObject *text;
    unsigned char size, bytes[SEEN_LONGEST];
} seen[SEEN];

/* Returns a new reference to the text whose UTF-8 is given, NULL with an exception otherwise. */
static PyObject *text_of(const unsigned char *data, size_t size)
{
    if (size > SEEN_LONGEST)
        return PyUnicode_DecodeUTF8((const char *)data, size, "surrogatepass");
    unsigned int hash = 2166136261u;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ data[i]) * 16777619u;
    hash ^= hash >> 15;
    unsigned int place = hash % SEEN;
    if (seen[place].text && seen[place].size == size && memcmp(seen[place].bytes, data, size) == 0) {
        Py_INCREF(seen[place].text);
        return seen[place].text;
    }
    PyObject *text = PyUnicode_DecodeUTF8((const char *)data, size, "surrogatepass");
    if (text == NULL)
        return NULL;
    PyObject *old = seen[place].text;
    Py_INCREF(text);
    seen[place].text = text, seen[place].size = size;
    memcpy(seen[place].bytes, data, size);
    Py_XDECREF(old);
    return text;
}

/* Reads one value of u (text) or s (bytes) and moves at behind it. NULL without an exception: it is something else. */
static PyObject *value_of(const unsigned char **at, const unsigned char *end)
{
    const unsigned char *p = *at;
    if (end - p < 5)
        return NULL;
    size_t size = u32(p + 1);
    if ((size_t)(end - p - 5) < size)
        return NULL;
    *at = p + 5 + size;
    if (*p == 'u')
        return text_of(p + 5, size);
    return *p == 's' ? PyBytes_FromStringAndSize((const char *)p + 5, size) : NULL;
}

/* Reads (environ, body) of a REQUEST. NULL without an exception: marshal knows better. */
static PyObject *environ_of(const unsigned char *p, const unsigned char *end, PyObject **body)
{
    static const unsigned char pair[] = {'(', 2, 0, 0, 0, '{'};
    if (end - p < (Py_ssize_t)sizeof pair || memcmp(p, pair, sizeof pair) != 0)
        return NULL;
    p += sizeof pair;
    PyObject *environ = PyDict_New();
    while (environ && p < end && *p != '0') {
        PyObject *key = value_of(&p, end), *value = key ? value_of(&p, end) : NULL;
        int failed = value == NULL || PyDict_SetItem(environ, key, value) < 0;
        Py_XDECREF(key);
        Py_XDECREF(value);
        if (failed)
            Py_CLEAR(environ);
    }
    if (environ == NULL)
        return NULL;
    p++;
    *body = p < end && *p == 's' ? value_of(&p, end) : NULL;
    if (*body == NULL)
        Py_CLEAR(environ);
    return environ;
}

/* ---- Status and fields: fields.py says which are good, and why ---- */

static const char *ascii_of(PyObject *text, Py_ssize_t *size)
{
    if (!PyUnicode_CheckExact(text))
        return NULL;
    const char *found = PyUnicode_AsUTF8AndSize(text, size);
    if (found == NULL)
        PyErr_Clear(); /* a lone surrogate; Python says it better */
    return found;
}

static int is_visible(const char *text, Py_ssize_t size)
{
    for (Py_ssize_t i = 0; i < size; i++)
        if ((text[i] < 0x20 && text[i] != '\t') || text[i] == 0x7f || (text[i] & 0x80))
            return 0;
    return 1;
}

static int is_status(PyObject *status)
{
    Py_ssize_t size;
    const char *text = ascii_of(status, &size);
    return text && size >= 4 && text[0] >= '2' && text[0] <= '9' && text[1] >= '0' && text[1] <= '9' && text[2] >= '0' && text[2] <= '9' &&
           text[3] == ' ' && is_visible(text + 4, size - 4);
}

static int is_token(const char *text, Py_ssize_t size)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    for (Py_ssize_t i = 0; i < size; i++) {
        char c = text[i], lower = c | 0x20;
        if (!(lower >= 'a' && lower <= 'z') && !(c >= '0' && c <= '9') && (c == 0 || memchr(others, c, sizeof others - 1) == NULL))
            return 0;
    }
    return size > 0;
}

static Py_ssize_t number_of(const char *text, Py_ssize_t size)
{
    Py_ssize_t number = 0;
    if (size == 0 || size > 18)
        return -1;
    for (Py_ssize_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        number = number * 10 + (text[i] - '0');
    }
    return number;
}

static int is_content_length(const char *name, Py_ssize_t size)
{
    static const char wanted[] = "content-length";
    if (size != sizeof wanted - 1)
        return 0;
    for (Py_ssize_t i = 0; i < size; i++)
        if ((name[i] | 0x20) != wanted[i]) /* "-" has the bit already */
            return 0;
    return 1;
}

/* Says whether all fields are good and free of subclasses, and sets what the first Content-Length among them says. */
static int are_fields(PyObject *fields, Py_ssize_t *length)
{
    int told = 0;
    *length = -1;
    for (Py_ssize_t i = 0, count = PyList_Size(fields); i < count; i++) {
        PyObject *field = PyList_GetItem(fields, i);
        if (!PyTuple_CheckExact(field) || PyTuple_Size(field) != 2)
            return 0;
        Py_ssize_t name_size, value_size;
        const char *name = ascii_of(PyTuple_GetItem(field, 0), &name_size), *value = ascii_of(PyTuple_GetItem(field, 1), &value_size);
        if (name == NULL || value == NULL || !is_token(name, name_size) || !is_visible(value, value_size))
            return 0;
        if (!told && is_content_length(name, name_size)) {
            told = 1;
            *length = number_of(value, value_size);
        }
    }
    return 1;
}

/* start_response of PEP 3333 for what is plain, and response.py's for all else. */
static PyObject *start_response(Response *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    if (count == 2 && names == NULL && self->status == Py_None && PyList_CheckExact(args[1])) {
        PyObject *fields = PyList_GetSlice(args[1], 0, PyList_Size(args[1])); /* what was checked is what is sent */
        if (fields == NULL)
            return NULL;
        if (is_status(args[0]) && are_fields(fields, &self->length)) {
            Py_XDECREF(self->fields);
            self->fields = fields;
            put(&self->status, args[0]);
            self->plain = 1;
            return PyObject_GetAttr((PyObject *)self, text_write);
        }
        Py_DECREF(fields);
    }
    self->plain = 0;
    PyObject *begin = PyObject_GetAttr((PyObject *)self, text_start);
    if (begin == NULL)
        return NULL;
    PyObject *given = PyTuple_New(count), *named = NULL, *result = NULL;
    for (Py_ssize_t i = 0; given && i < count; i++) {
        Py_INCREF(args[i]);
        PyTuple_SetItem(given, i, args[i]);
    }
    Py_ssize_t more = names ? PyTuple_Size(names) : 0;
    if (given && more > 0)
        named = PyDict_New();
    int failed = given == NULL || (more > 0 && named == NULL);
    for (Py_ssize_t i = 0; !failed && i < more; i++)
        failed = PyDict_SetItem(named, PyTuple_GetItem(names, i), args[count + i]) < 0;
    if (!failed)
        result = PyObject_Call(begin, given, named);
    Py_DECREF(begin);
    Py_XDECREF(given);
    Py_XDECREF(named);
    return result;
}

/* ---- The answer, into marshal ---- */

static unsigned char *put_text(unsigned char *p, PyObject *text)
{
    Py_ssize_t size;
    const char *data = PyUnicode_AsUTF8AndSize(text, &size); /* it has worked before */
    *p = 'u';
    p = put32(p + 1, size);
    memcpy(p, data, size);
    return p + size;
}

static Py_ssize_t size_of(PyObject *text)
{
    Py_ssize_t size = 0;
    PyUnicode_AsUTF8AndSize(text, &size);
    return 5 + size;
}

/* Returns the frame RESPONSE with a body that is made of count chunks. NULL without an exception: it is too large. */
static PyObject *encode(Response *self, int flags, PyObject *chunks, Py_ssize_t count, Py_ssize_t body)
{
    Py_ssize_t many = PyList_Size(self->fields), size = 5 + size_of(self->status) + 5 + 5 + body;
    for (Py_ssize_t i = 0; i < many; i++) {
        PyObject *field = PyList_GetItem(self->fields, i);
        size += 5 + size_of(PyTuple_GetItem(field, 0)) + size_of(PyTuple_GetItem(field, 1));
    }
    if (size > MAX_PAYLOAD)
        return NULL;
    PyObject *frame = PyBytes_FromStringAndSize(NULL, HEAD + size);
    if (frame == NULL)
        return NULL;
    unsigned char *p = put32((unsigned char *)PyBytes_AsString(frame), size);
    *p++ = RESPONSE, *p++ = flags;
    *p = '(', p = put32(p + 1, 3);
    p = put_text(p, self->status);
    *p = '[', p = put32(p + 1, many);
    for (Py_ssize_t i = 0; i < many; i++) {
        PyObject *field = PyList_GetItem(self->fields, i);
        *p = '(', p = put32(p + 1, 2);
        p = put_text(p, PyTuple_GetItem(field, 0));
        p = put_text(p, PyTuple_GetItem(field, 1));
    }
    *p = 's', p = put32(p + 1, body);
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *chunk = PyBytes_CheckExact(chunks) ? chunks : PyList_CheckExact(chunks) ? PyList_GetItem(chunks, i) : PyTuple_GetItem(chunks, i);
        Py_ssize_t part = PyBytes_Size(chunk);
        memcpy(p, PyBytes_AsString(chunk), part);
        p += part;
    }
    return frame;
}

static double now(void)
{
    struct timespec_of_64_bits t;
    clock_gettime(CLOCK_MONOTONIC, (void *)&t);
    return t.seconds + t.nanoseconds * 1e-9;
}

/* Writes as far as that does not wait, with the GIL kept: who lets it go for these microseconds may have it back only when
 * another thread has done with it. -1: nothing was written, for whatever reason. */
static Py_ssize_t write_now(int file, const void *data, size_t size)
{
    static int known = 1; /* the kernel knows of it, for pipes: Linux from 6.5 on */
    struct part part = {data, size};
    if (!known)
        return -1;
    Py_ssize_t sent = syscall(SYS_pwritev2, file, &part, 1L, -1L, -1L, (long)RWF_NOWAIT);
    if (sent < 0) {
        int error = *__errno_location();
        known = error != EOPNOTSUPP && error != ENOSYS && error != EINVAL && error != EPERM;
    }
    return sent;
}

/* What Slot.answer and Slot.send do: within a batch the frame may wait for the next one. */
static int send_frame(Slot *slot, PyObject *frame, int in_batch, int closing)
{
    Py_ssize_t held = PyList_Size(slot->held), size = PyBytes_Size(frame);
    if (in_batch && !slot->recalling && slot->size + size <= HOLD_BYTES && !(closing && slot->recalled >= 0)) {
        if (held == 0)
            slot->since = now();
        if (PyList_Append(slot->held, frame) < 0)
            return -1;
        slot->size += size;
        slot->closing = closing;
        return 0;
    }
    PyObject *done;
    if (in_batch) {
        done = PyObject_CallMethod((PyObject *)slot, "answer", "OO", frame, closing ? Py_True : Py_False);
    } else if (held > 0) {
        done = PyObject_CallMethodObjArgs((PyObject *)slot, text_send, frame, NULL);
    } else {
        const char *data = PyBytes_AsString(frame);
        Py_ssize_t sent = write_now(slot->answers, data, size);
        if (sent < 0) {
            Py_BEGIN_ALLOW_THREADS
            sent = write(slot->answers, data, size);
            Py_END_ALLOW_THREADS
        }
        if (sent == size)
            return 0;
        PyObject *rest = sent <= 0 ? (Py_INCREF(frame), frame) : PyBytes_FromStringAndSize(data + sent, size - sent);
        done = rest ? PyObject_CallMethodObjArgs((PyObject *)slot, text_write_all, rest, NULL) : NULL;
        Py_XDECREF(rest);
    }
    Py_XDECREF(done);
    return done ? 0 : -1;
}

/* Sends a body that is whole. -1 with an exception; 1: it is not to be sent here. */
static int send_whole(Response *response, Slot *slot, PyObject *chunks, Py_ssize_t count, Py_ssize_t body)
{
    int in_batch = ((Reader *)slot->reader)->pending > 0 && !slot->once, closing = response->flags == 0;
    PyObject *frame = encode(response, in_batch ? FREE : response->flags, chunks, count, body);
    if (frame == NULL)
        return PyErr_Occurred() ? -1 : 1;
    put(&response->begun, Py_True);
    put(&response->over, Py_True);
    int failed = send_frame(slot, frame, in_batch, closing);
    Py_DECREF(frame);
    return failed;
}

/* ---- A request ---- */

typedef struct {
    PyObject *app, *environ;
    Response *response;
} Call;

/* gate.enter and gate.leave, which say why they are as they are. */
static int call_gate(Gate *gate, PyObject *method, unsigned int request)
{
    PyObject *number = PyLong_FromUnsignedLong(request), *done = number ? PyObject_CallMethodObjArgs((PyObject *)gate, method, number, NULL) : NULL;
    Py_XDECREF(number);
    Py_XDECREF(done);
    return done ? 0 : -1;
}

static int is_wanted(Gate *gate, unsigned int request) { return gate->wanted != nobody && PyLong_AsLongLong(gate->wanted) == request; }

static int enter(Gate *gate, unsigned int request)
{
    PyObject *number = PyLong_FromUnsignedLong(request);
    if (number == NULL)
        return -1;
    put(&gate->inside, number);
    Py_DECREF(number);
    return is_wanted(gate, request) ? call_gate(gate, text_refuse, request) : 0;
}

static int leave(Gate *gate, unsigned int request)
{
    put(&gate->inside, nobody);
    return is_wanted(gate, request) ? call_gate(gate, text_absorb, request) : 0;
}

/* Leaves while an exception is handled. The one from outside may come as soon as a step of Python is made, but only once. */
static void leave_surely(Gate *gate, unsigned int request)
{
    if (leave(gate, request) < 0) {
        PyErr_Clear();
        if (leave(gate, request) < 0)
            PyErr_Clear();
    }
}

/* Has response.py go on with a result, or with the exception that is set now. It lets nothing pass. */
static int go_on(Slot *slot, Call *call, PyObject *result, PyObject *iterator, PyObject *chunk)
{
    PyObject *type = NULL, *error = NULL, *trace = NULL;
    PyErr_Fetch(&type, &error, &trace);
    if (type) {
        PyErr_NormalizeException(&type, &error, &trace);
        if (trace)
            PyException_SetTraceback(error, trace);
    }
    leave_surely((Gate *)slot->gate, slot->request);
    PyObject *none = PyTuple_New(0), *chunks = chunk ? PyTuple_New(1) : none, *resumed = NULL;
    if (chunk && chunks) {
        Py_INCREF(chunk);
        PyTuple_SetItem(chunks, 0, chunk);
    }
    if (none && chunks)
        resumed = PyObject_CallFunctionObjArgs(resumed_class, call->response, result ? result : none, iterator ? iterator : Py_None, chunks,
                                               error ? error : Py_None, NULL);
    if (chunk)
        Py_XDECREF(chunks);
    Py_XDECREF(none);
    Py_XDECREF(type);
    Py_XDECREF(error);
    Py_XDECREF(trace);
    PyObject *done = resumed ? PyObject_CallFunctionObjArgs(respond_on, slot, call->app, call->environ, resumed, NULL) : NULL;
    Py_XDECREF(resumed);
    Py_XDECREF(done);
    return done ? 0 : -1;
}

/* Returns how many chunks a list or tuple has and sets how long they are, or -1 where one is not just bytes. */
static Py_ssize_t measure(PyObject *chunks, Py_ssize_t *size)
{
    int is_list = PyList_CheckExact(chunks);
    Py_ssize_t count = is_list ? PyList_Size(chunks) : PyTuple_Size(chunks);
    *size = 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *chunk = is_list ? PyList_GetItem(chunks, i) : PyTuple_GetItem(chunks, i);
        if (!PyBytes_CheckExact(chunk))
            return -1;
        *size += PyBytes_Size(chunk);
    }
    return count;
}

static int has_no_body(PyObject *status)
{
    Py_ssize_t size;
    const char *text = PyUnicode_AsUTF8AndSize(status, &size);
    return memcmp(text, "204", 3) == 0 || memcmp(text, "304", 3) == 0;
}

/* Sends the result of the application. */
static int deliver(Slot *slot, Call *call, PyObject *result)
{
    Response *response = call->response;
    Gate *gate = (Gate *)slot->gate;
    unsigned int request = slot->request;
    if (!response->plain || response->begun == Py_True || response->status == Py_None)
        return go_on(slot, call, result, NULL, NULL);
    if (PyList_CheckExact(result) || PyTuple_CheckExact(result)) {
        Py_ssize_t size, count = measure(result, &size);
        int odd = count < 0 || size > SMALL ? 1 : send_whole(response, slot, result, count, size);
        return odd ? go_on(slot, call, result, NULL, NULL) : 0;
    }
    if (response->head_only || response->length < 0 || (PyObject *)Py_TYPE(result) == file_wrapper || has_no_body(response->status))
        return go_on(slot, call, result, NULL, NULL);
    PyObject *iterator = NULL, *chunk = NULL, *close = PyObject_GetAttr(result, text_close);
    if (close == NULL) {
        if (!PyErr_ExceptionMatches(PyExc_AttributeError))
            return go_on(slot, call, result, NULL, NULL);
        PyErr_Clear();
    } else if (close != Py_None) {
        response->flags = 0;
    }
    int odd = enter(gate, request) < 0 || (iterator = PyObject_GetIter(result)) == NULL;
    while (!odd) {
        chunk = PyIter_Next(iterator);
        if ((chunk == NULL && PyErr_Occurred()) || leave(gate, request) < 0) {
            odd = 1;
        } else if (chunk == NULL) {
            odd = response->over != Py_True;
            break;
        } else if (!PyBytes_CheckExact(chunk) || PyBytes_Size(chunk) == 0) {
            odd = 1;
        } else if (response->over == Py_True) { /* more than Content-Length said */
            break;
        } else if (PyBytes_Size(chunk) < response->length || PyBytes_Size(chunk) > SMALL) {
            odd = 1;
        } else {
            odd = send_whole(response, slot, chunk, 1, PyBytes_Size(chunk));
            if (!odd)
                odd = enter(gate, request) < 0;
            if (!odd || response->over == Py_True)
                Py_CLEAR(chunk);
        }
    }
    int failed = 0;
    if (odd) {
        failed = go_on(slot, call, result, iterator, chunk);
    } else if (close && close != Py_None) {
        PyObject *done = PyObject_CallFunctionObjArgs(close_result, close, slot, NULL);
        Py_XDECREF(done);
        failed = done ? 0 : -1;
    }
    Py_XDECREF(iterator);
    Py_XDECREF(chunk);
    Py_XDECREF(close);
    return failed;
}

/* Runs the application for one request, and sends what it answers: response.respond. */
static int respond(Slot *slot, PyObject *app, PyObject *environ)
{
    Gate *gate = (Gate *)slot->gate;
    unsigned int request = slot->request;
    Response *response = (Response *)PyType_GenericAlloc((PyTypeObject *)response_class, 0);
    if (response == NULL)
        return -1;
    put(&response->slot, (PyObject *)slot);
    put(&response->status, Py_None);
    put(&response->begun, Py_False);
    put(&response->over, Py_False);
    response->flags = FREE;
    response->length = -1;
    PyObject *method = PyDict_GetItemWithError(environ, text_method); /* read before a middleware changes it */
    response->head_only = method && PyUnicode_Check(method) && PyUnicode_Compare(method, text_head) == 0;
    Call call = {app, environ, response};
    int failed;
    PyObject *start = PyObject_GetAttr((PyObject *)response, text_hurried), *result = NULL;
    /* Where the master sees it, the request is marked as begun: its number, which is inside now. */
    if (start && enter(gate, request) == 0 && PyObject_SetItem(slot->begun, zero, gate->inside) == 0)
        result = PyObject_CallFunctionObjArgs(app, environ, start, NULL);
    if (result && leave(gate, request) == 0)
        failed = deliver(slot, &call, result);
    else
        failed = go_on(slot, &call, result, NULL, NULL);
    Py_XDECREF(start);
    Py_XDECREF(result);
    Py_DECREF(response);
    return failed;
}

/* Serves the request whose payload is given. -1 with an exception; 1: it is not plain, and nothing has happened. */
static int serve(Slot *slot, PyObject *app, PyObject *constant, const unsigned char *payload, const unsigned char *end)
{
    PyObject *body = NULL, *environ = environ_of(payload, end, &body);
    if (environ == NULL)
        return PyErr_Occurred() ? -1 : 1;
    PyObject *input = PyDict_Update(environ, constant) < 0 ? NULL : PyObject_CallFunctionObjArgs(bytes_io, body, NULL);
    Py_DECREF(body);
    int failed = input == NULL || PyDict_SetItem(environ, text_input, input) < 0;
    Py_XDECREF(input);
    if (!failed)
        failed = respond(slot, app, environ);
    Py_DECREF(environ);
    return failed ? -1 : 0;
}

/* Takes the next request of the batch if it is here whole and is to be run now. Python's take sees to all others. */
static const unsigned char *next_of_batch(Slot *slot, const unsigned char **end)
{
    Reader *reader = (Reader *)slot->reader;
    Py_ssize_t have = reader->pending - reader->start;
    if (have < HEAD || slot->recalled >= 0 || (PyList_Size(slot->held) > 0 && now() - slot->since > slot->hold))
        return NULL;
    const unsigned char *frame = (const unsigned char *)PyByteArray_AsString(reader->buffer) + reader->start;
    Py_ssize_t size = HEAD + (Py_ssize_t)u32(frame);
    if (frame[4] != REQUEST || (frame[5] & ~ONCE) != 0 || size > have)
        return NULL;
    reader->start += size;
    if (reader->start == reader->pending)
        reader->start = reader->pending = 0;
    slot->request++;
    slot->once = (frame[5] & ONCE) != 0;
    *end = frame + size;
    return frame + HEAD;
}

/* run(slot, app, constant, payload) -> bool: see state.py. */
static PyObject *run(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    if (count != 4 || respond_on == NULL || !PyObject_TypeCheck(args[0], slot_type)) {
        PyErr_SetString(PyExc_TypeError, "run takes a slot, an application, a dict and a payload");
        return NULL;
    }
    Slot *slot = (Slot *)args[0];
    if (!slot->gate || !PyObject_TypeCheck(slot->gate, gate_type) || !((Gate *)slot->gate)->inside || !((Gate *)slot->gate)->wanted || !slot->reader || !PyObject_TypeCheck(slot->reader, reader_type) || !slot->held ||
        !PyList_CheckExact(slot->held) || !slot->begun || !((Reader *)slot->reader)->buffer || !PyByteArray_CheckExact(((Reader *)slot->reader)->buffer)) {
        PyErr_SetString(PyExc_TypeError, "the slot is not complete");
        return NULL;
    }
    Py_buffer view;
    if (PyObject_GetBuffer(args[3], &view, PyBUF_SIMPLE) < 0)
        return NULL;
    int odd = serve(slot, args[1], args[2], view.buf, (unsigned char *)view.buf + view.len);
    PyBuffer_Release(&view);
    if (odd > 0)
        Py_RETURN_FALSE;
    const unsigned char *payload, *end;
    while (odd == 0 && (payload = next_of_batch(slot, &end)) != NULL) {
        odd = serve(slot, args[1], args[2], payload, end);
        if (odd > 0) {
            PyErr_SetString(PyExc_ValueError, "a request within a batch is not as the master writes it");
            odd = -1;
        }
    }
    if (odd < 0)
        return NULL;
    Py_RETURN_TRUE;
}

/* write_now(descriptor, data: bytes) -> int: see state.py. */
static PyObject *write_bytes(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    if (count != 2 || !PyBytes_CheckExact(args[1])) {
        PyErr_SetString(PyExc_TypeError, "write_now takes a descriptor and bytes");
        return NULL;
    }
    long long file = PyLong_AsLongLong(args[0]);
    if (file == -1 && PyErr_Occurred())
        return NULL;
    return PyLong_FromLong(write_now((int)file, PyBytes_AsString(args[1]), PyBytes_Size(args[1])));
}

/* prepare(Response, FileWrapper, BytesIO, Resumed, respond, close): what run needs of Python. */
static PyObject *prepare(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *given[6];
    if (!PyArg_ParseTuple(args, "OOOOOO", &given[0], &given[1], &given[2], &given[3], &given[4], &given[5]))
        return NULL;
    if (!PyType_Check(given[0]) || !PyType_IsSubtype((PyTypeObject *)given[0], response_type)) {
        PyErr_SetString(PyExc_TypeError, "Response has another base");
        return NULL;
    }
    for (int i = 0; i < 6; i++)
        Py_INCREF(given[i]);
    response_class = given[0], file_wrapper = given[1], bytes_io = given[2], resumed_class = given[3], respond_on = given[4], close_result = given[5];
    Py_RETURN_NONE;
}

/* ---- Types and module ---- */

#define OBJECT(type, name) {#name, T_OBJECT_EX, offsetof(type, name), 0, NULL}
#define OTHER(type, kind, name) {#name, kind, offsetof(type, name), 0, NULL}

static PyMemberDef gate_members[] = {OBJECT(Gate, inside), OBJECT(Gate, wanted), {0}};
static PyMemberDef reader_members[] = {OBJECT(Reader, buffer), OTHER(Reader, T_PYSSIZET, start), OTHER(Reader, T_PYSSIZET, pending), {0}};
static PyMemberDef slot_members[] = {
    OBJECT(Slot, gate), OBJECT(Slot, reader), OBJECT(Slot, held), OBJECT(Slot, begun), OTHER(Slot, T_PYSSIZET, size), OTHER(Slot, T_LONGLONG, recalled),
    OTHER(Slot, T_DOUBLE, since), OTHER(Slot, T_DOUBLE, hold), OTHER(Slot, T_UINT, request), OTHER(Slot, T_INT, answers), OTHER(Slot, T_BOOL, closing), OTHER(Slot, T_BOOL, recalling),
    OTHER(Slot, T_BOOL, once), {0}};
static PyMemberDef response_members[] = {
    OBJECT(Response, slot), OBJECT(Response, status), OTHER(Response, T_OBJECT, fields), OBJECT(Response, begun), OBJECT(Response, over),
    OTHER(Response, T_INT, flags), OTHER(Response, T_BOOL, head_only), {0}};
static PyMethodDef response_methods[] = {
    {"hurried_start_response", (PyCFunction)(void (*)(void))start_response, METH_FASTCALL | METH_KEYWORDS, NULL}, {0}};

static void release(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

static int reader_clear(Reader *self) { Py_CLEAR(self->buffer); return 0; }
static int slot_clear(Slot *self) { Py_CLEAR(self->gate); Py_CLEAR(self->reader); Py_CLEAR(self->held); Py_CLEAR(self->begun); return 0; }
static int response_clear(Response *self) { Py_CLEAR(self->slot); Py_CLEAR(self->status); Py_CLEAR(self->fields); Py_CLEAR(self->begun); Py_CLEAR(self->over); return 0; }

static int reader_traverse(Reader *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE((PyObject *)self));
    Py_VISIT(self->buffer);
    return 0;
}

static int slot_traverse(Slot *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE((PyObject *)self));
    Py_VISIT(self->gate);
    Py_VISIT(self->reader);
    Py_VISIT(self->held);
    Py_VISIT(self->begun);
    return 0;
}

static int response_traverse(Response *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE((PyObject *)self));
    Py_VISIT(self->slot);
    Py_VISIT(self->status);
    Py_VISIT(self->fields);
    return 0;
}

static void gate_dealloc(PyObject *self)
{
    Py_CLEAR(((Gate *)self)->inside); /* ints, which hold nothing */
    Py_CLEAR(((Gate *)self)->wanted);
    release(self);
}

static void reader_dealloc(PyObject *self) { PyObject_GC_UnTrack(self); reader_clear((Reader *)self); release(self); }
static void slot_dealloc(PyObject *self) { PyObject_GC_UnTrack(self); slot_clear((Slot *)self); release(self); }
static void response_dealloc(PyObject *self) { PyObject_GC_UnTrack(self); response_clear((Response *)self); release(self); }

enum { PLAIN_TYPE = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, HOLDING_TYPE = PLAIN_TYPE | Py_TPFLAGS_HAVE_GC };

static PyType_Slot gate_slots[] = {{Py_tp_members, gate_members}, {Py_tp_dealloc, gate_dealloc}, {0}};
static PyType_Slot reader_slots[] = {
    {Py_tp_members, reader_members}, {Py_tp_dealloc, reader_dealloc}, {Py_tp_traverse, reader_traverse}, {Py_tp_clear, reader_clear}, {0}};
static PyType_Slot slot_slots[] = {
    {Py_tp_members, slot_members}, {Py_tp_dealloc, slot_dealloc}, {Py_tp_traverse, slot_traverse}, {Py_tp_clear, slot_clear}, {0}};
static PyType_Slot response_slots[] = {
    {Py_tp_members, response_members}, {Py_tp_methods, response_methods}, {Py_tp_dealloc, response_dealloc}, {Py_tp_traverse, response_traverse},
    {Py_tp_clear, response_clear}, {0}};
static PyType_Spec gate_spec = {"forebay._native.GateState", sizeof(Gate), 0, PLAIN_TYPE, gate_slots};
static PyType_Spec reader_spec = {"forebay._native.ReaderState", sizeof(Reader), 0, HOLDING_TYPE, reader_slots};
static PyType_Spec slot_spec = {"forebay._native.SlotState", sizeof(Slot), 0, HOLDING_TYPE, slot_slots};
static PyType_Spec response_spec = {"forebay._native.ResponseState", sizeof(Response), 0, HOLDING_TYPE, response_slots};

static PyMethodDef functions[] = {
    {"run", (PyCFunction)(void (*)(void))run, METH_FASTCALL, NULL}, {"prepare", prepare, METH_VARARGS, NULL},
    {"write_now", (PyCFunction)(void (*)(void))write_bytes, METH_FASTCALL, NULL}, {0}};
static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "forebay._native", NULL, -1, functions, NULL, NULL, NULL, NULL};

static int add_type(PyObject *module, PyTypeObject **type, PyType_Spec *spec, const char *name)
{
    PyObject *made = PyType_FromSpec(spec);
    *type = (PyTypeObject *)made;
    Py_XINCREF(made); /* for us: the module takes the other one */
    return made && PyModule_AddObject(module, name, made) == 0 ? 0 : -1;
}

static int add_text(PyObject **place, const char *text) { return (*place = PyUnicode_InternFromString(text)) ? 0 : -1; }

PyMODINIT_FUNC PyInit__native(void)
{
    PyObject *module = PyModule_Create(&definition);
    if (module == NULL || add_type(module, &gate_type, &gate_spec, "GateState") || add_type(module, &reader_type, &reader_spec, "ReaderState") ||
        add_type(module, &slot_type, &slot_spec, "SlotState") || add_type(module, &response_type, &response_spec, "ResponseState") ||
        add_text(&text_method, "REQUEST_METHOD") || add_text(&text_input, "wsgi.input") || add_text(&text_start, "start_response") || add_text(&text_hurried, "hurried_start_response") || add_text(&text_close, "close") ||
        add_text(&text_write, "write") || add_text(&text_refuse, "refuse") || add_text(&text_absorb, "absorb") || add_text(&text_send, "send") ||
        add_text(&text_write_all, "_write") || add_text(&text_head, "HEAD") || (zero = PyLong_FromLong(0)) == NULL || (nobody = PyLong_FromLong(NOBODY)) == NULL)
        Py_CLEAR(module);
    return module;
}
