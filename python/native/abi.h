/* What native.c takes of CPython's stable ABI (PEP 384, "Stable Application Binary Interface"; docs.python.org/3/c-api/stable.html)
 * and of the C library, declared here: so a C compiler for a system is all that is needed to build for it, and what it
 * makes does not depend on the Python that happens to be there. With -DWITH_PYTHON_H it is Python.h that declares, and what
 * stands here is compared with that; a test does so (cmd/forebay).
 *
 * It holds for 64-bit Linux, and for every CPython from 3.9 on that has the GIL. */

#ifndef FOREBAY_ABI_H
#define FOREBAY_ABI_H

#include <stddef.h>

#ifdef WITH_PYTHON_H

#include <patchlevel.h>
#if PY_VERSION_HEX >= 0x030B0000 /* before, some of this had not been declared stable yet */
#define Py_LIMITED_API 0x030B0000
#endif
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define CONSTANT(name, value) _Static_assert((name) == (value), #name)

#else

#define CONSTANT(name, value) enum { name = value }

/* Types and macros. */

typedef ptrdiff_t Py_ssize_t;
typedef struct _typeobject PyTypeObject;
typedef struct _ts PyThreadState;
typedef struct _object {
    Py_ssize_t ob_refcnt;
    PyTypeObject *ob_type;
} PyObject;

#define PyObject_HEAD PyObject ob_base;
#define Py_TYPE(object) ((object)->ob_type)

typedef int (*visitproc)(PyObject *, void *);
typedef void (*freefunc)(void *);
typedef PyObject *(*PyCFunction)(PyObject *, PyObject *);

typedef struct PyMemberDef {
    const char *name;
    int type;
    Py_ssize_t offset;
    int flags;
    const char *doc;
} PyMemberDef;

typedef struct PyMethodDef {
    const char *ml_name;
    PyCFunction ml_meth;
    int ml_flags;
    const char *ml_doc;
} PyMethodDef;

typedef struct {
    PyObject ob_base;
    PyObject *(*m_init)(void);
    Py_ssize_t m_index;
    PyObject *m_copy;
} PyModuleDef_Base;
#define PyModuleDef_HEAD_INIT {{1, NULL}, NULL, 0, NULL}
typedef struct PyModuleDef {
    PyModuleDef_Base m_base;
    const char *m_name, *m_doc;
    Py_ssize_t m_size;
    PyMethodDef *m_methods;
    void *m_slots, *m_traverse, *m_clear, *m_free;
} PyModuleDef;
#define PyMODINIT_FUNC __attribute__((visibility("default"))) PyObject *
#define PyModule_Create(definition) PyModule_Create2(definition, PYTHON_ABI_VERSION)

typedef struct {
    int slot;
    void *pfunc;
} PyType_Slot;
typedef struct {
    const char *name;
    int basicsize, itemsize;
    unsigned int flags;
    PyType_Slot *slots;
} PyType_Spec;
enum { Py_TPFLAGS_DEFAULT = 1 << 18 };

typedef struct {
    void *buf;
    PyObject *obj;
    Py_ssize_t len, itemsize;
    int readonly, ndim;
    char *format;
    Py_ssize_t *shape, *strides, *suboffsets;
    void *internal;
} Py_buffer; /* PEP 3118; of the stable ABI since 3.11, and the same before */

extern PyObject _Py_NoneStruct, _Py_TrueStruct, _Py_FalseStruct;
#define Py_None (&_Py_NoneStruct)
#define Py_True (&_Py_TrueStruct)
#define Py_False (&_Py_FalseStruct)

/* A count may say that an object never ends (PEP 683), which only the interpreter can tell. */
#define Py_INCREF(object) Py_IncRef(object)
#define Py_DECREF(object) Py_DecRef((PyObject *)(object))
#define Py_XINCREF(object) Py_IncRef((PyObject *)(object))
#define Py_XDECREF(object) Py_DecRef((PyObject *)(object))
#define Py_CLEAR(object) do { PyObject *cleared = (PyObject *)(object); (object) = NULL; Py_DecRef(cleared); } while (0)
#define Py_RETURN(object) do { PyObject *returned = (object); Py_IncRef(returned); return returned; } while (0)
#define Py_RETURN_NONE Py_RETURN(Py_None)
#define Py_RETURN_TRUE Py_RETURN(Py_True)
#define Py_RETURN_FALSE Py_RETURN(Py_False)
#define Py_VISIT(object) do { int visited = (object) ? visit((PyObject *)(object), arg) : 0; if (visited) return visited; } while (0)

#define PyObject_TypeCheck(object, type) (Py_TYPE(object) == (type) || PyType_IsSubtype(Py_TYPE(object), type))
#define PyType_Check(object) PyObject_TypeCheck(object, &PyType_Type)
#define PyBytes_CheckExact(object) (Py_TYPE(object) == &PyBytes_Type)
#define PyByteArray_CheckExact(object) (Py_TYPE(object) == &PyByteArray_Type)
#define PyUnicode_CheckExact(object) (Py_TYPE(object) == &PyUnicode_Type)
#define PyUnicode_Check(object) ((PyType_GetFlags(Py_TYPE(object)) & Py_TPFLAGS_UNICODE_SUBCLASS) != 0)
#define PyList_CheckExact(object) (Py_TYPE(object) == &PyList_Type)
#define PyTuple_CheckExact(object) (Py_TYPE(object) == &PyTuple_Type)

#define Py_BEGIN_ALLOW_THREADS { PyThreadState *saved = PyEval_SaveThread();
#define Py_END_ALLOW_THREADS PyEval_RestoreThread(saved); }

void *memcpy(void *, const void *, size_t);
void *memchr(const void *, int, size_t);
int memcmp(const void *, const void *, size_t);
Py_ssize_t write(int, const void *, size_t);
long syscall(long, ...);
int *__errno_location(void);
int clock_gettime(int, void *);
enum { CLOCK_MONOTONIC = 1 };

#endif

struct timespec_of_64_bits { long long seconds, nanoseconds; };
struct part { const void *start; size_t size; }; /* struct iovec */

/* Numbers and sizes. */

CONSTANT(T_INT, 1);
CONSTANT(T_DOUBLE, 4);
CONSTANT(T_OBJECT, 6);
CONSTANT(T_OBJECT_EX, 16);
CONSTANT(T_UINT, 11);
CONSTANT(T_BOOL, 14);
CONSTANT(T_LONGLONG, 17);
CONSTANT(T_PYSSIZET, 19);
CONSTANT(METH_VARARGS, 1);
CONSTANT(METH_KEYWORDS, 2);
CONSTANT(METH_FASTCALL, 0x80);
CONSTANT(PYTHON_ABI_VERSION, 3);
CONSTANT(Py_tp_clear, 51);
CONSTANT(Py_tp_dealloc, 52);
CONSTANT(Py_tp_methods, 64);
CONSTANT(Py_tp_traverse, 71);
CONSTANT(Py_tp_members, 72);
CONSTANT(Py_tp_free, 74);
CONSTANT(Py_TPFLAGS_BASETYPE, 1 << 10);
CONSTANT(Py_TPFLAGS_HAVE_GC, 1 << 14);
CONSTANT(Py_TPFLAGS_UNICODE_SUBCLASS, 1 << 28);
CONSTANT(PyBUF_SIMPLE, 0);
CONSTANT(EPERM, 1);
CONSTANT(EINVAL, 22);
CONSTANT(ENOSYS, 38);
CONSTANT(EOPNOTSUPP, 95);
CONSTANT(RWF_NOWAIT, 8);
#ifdef __x86_64__
CONSTANT(SYS_pwritev2, 328);
#else
CONSTANT(SYS_pwritev2, 287);
#endif

#define SIZE(type, last, at, size) _Static_assert(offsetof(type, last) == (at) && sizeof(type) == (size), #type)
SIZE(PyObject, ob_type, 8, 16);
SIZE(PyMemberDef, doc, 32, 40);
SIZE(PyMethodDef, ml_doc, 24, 32);
SIZE(PyModuleDef, m_free, 96, 104);
SIZE(PyType_Slot, pfunc, 8, 16);
SIZE(PyType_Spec, slots, 24, 32);
SIZE(Py_buffer, internal, 72, 80);
SIZE(struct timespec_of_64_bits, nanoseconds, 8, 16);
SIZE(struct part, size, 8, 16);

/* Functions and objects. */

void Py_IncRef(PyObject *);
void Py_DecRef(PyObject *);

extern PyTypeObject PyType_Type, PyBytes_Type, PyByteArray_Type, PyUnicode_Type, PyList_Type, PyTuple_Type;
extern PyObject *PyExc_TypeError, *PyExc_ValueError, *PyExc_AttributeError;

PyObject *PyModule_Create2(PyModuleDef *, int);
int PyModule_AddObject(PyObject *, const char *, PyObject *);
PyObject *PyType_FromSpec(PyType_Spec *);
PyObject *PyType_GenericAlloc(PyTypeObject *, Py_ssize_t);
void *PyType_GetSlot(PyTypeObject *, int);
unsigned long PyType_GetFlags(PyTypeObject *);
int PyType_IsSubtype(PyTypeObject *, PyTypeObject *);
void PyObject_GC_UnTrack(void *);

PyObject *PyObject_GetAttr(PyObject *, PyObject *);
int PyObject_SetItem(PyObject *, PyObject *, PyObject *);
PyObject *PyObject_GetIter(PyObject *);
PyObject *PyIter_Next(PyObject *);
PyObject *PyObject_Call(PyObject *, PyObject *, PyObject *);
PyObject *PyObject_CallMethod(PyObject *, const char *, const char *, ...);
PyObject *PyObject_CallFunctionObjArgs(PyObject *, ...);
PyObject *PyObject_CallMethodObjArgs(PyObject *, PyObject *, ...);
int PyObject_GetBuffer(PyObject *, Py_buffer *, int);
void PyBuffer_Release(Py_buffer *);

PyObject *PyBytes_FromStringAndSize(const char *, Py_ssize_t);
char *PyBytes_AsString(PyObject *);
Py_ssize_t PyBytes_Size(PyObject *);
char *PyByteArray_AsString(PyObject *);
PyObject *PyUnicode_DecodeUTF8(const char *, Py_ssize_t, const char *);
const char *PyUnicode_AsUTF8AndSize(PyObject *, Py_ssize_t *);
PyObject *PyUnicode_InternFromString(const char *);
int PyUnicode_Compare(PyObject *, PyObject *);
PyObject *PyLong_FromLong(long);
PyObject *PyLong_FromUnsignedLong(unsigned long);
long long PyLong_AsLongLong(PyObject *);
PyObject *PyList_GetItem(PyObject *, Py_ssize_t);
PyObject *PyList_GetSlice(PyObject *, Py_ssize_t, Py_ssize_t);
Py_ssize_t PyList_Size(PyObject *);
int PyList_Append(PyObject *, PyObject *);
PyObject *PyTuple_New(Py_ssize_t);
PyObject *PyTuple_GetItem(PyObject *, Py_ssize_t);
int PyTuple_SetItem(PyObject *, Py_ssize_t, PyObject *);
Py_ssize_t PyTuple_Size(PyObject *);
PyObject *PyDict_New(void);
PyObject *PyDict_GetItemWithError(PyObject *, PyObject *);
int PyDict_SetItem(PyObject *, PyObject *, PyObject *);
int PyDict_Update(PyObject *, PyObject *);

PyObject *PyErr_Occurred(void);
void PyErr_Clear(void);
void PyErr_Fetch(PyObject **, PyObject **, PyObject **);
void PyErr_NormalizeException(PyObject **, PyObject **, PyObject **);
int PyErr_ExceptionMatches(PyObject *);
void PyErr_SetString(PyObject *, const char *);
int PyException_SetTraceback(PyObject *, PyObject *);
int PyArg_ParseTuple(PyObject *, const char *, ...);
PyThreadState *PyEval_SaveThread(void);
void PyEval_RestoreThread(PyThreadState *);

#endif
