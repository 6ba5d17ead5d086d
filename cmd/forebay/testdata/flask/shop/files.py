import hashlib

from flask import Blueprint, Response, current_app, jsonify, request, send_file, stream_with_context
from werkzeug.utils import secure_filename

blueprint = Blueprint("files", __name__)


@blueprint.post("/")
def upload():
    file = request.files["file"]
    name = secure_filename(file.filename)
    path = current_app.config["DATA"] / name
    file.save(path)
    content = path.read_bytes()
    return jsonify(name=name, size=len(content), sha256=hashlib.sha256(content).hexdigest()), 201


@blueprint.put("/<name>")
def put(name):
    path = current_app.config["DATA"] / secure_filename(name)
    with path.open("wb") as out:
        while piece := request.stream.read(64 * 1024):
            out.write(piece)
    return jsonify(size=path.stat().st_size, announced=request.content_length), 201


@blueprint.get("/<name>")
def download(name):
    path = current_app.config["DATA"] / secure_filename(name)
    return send_file(path, mimetype="application/octet-stream", conditional=True, max_age=60)


@blueprint.get("/stream")
def stream():
    def pieces():
        yield f"piece 1 of {request.path}\n"
        # The named pipe is the test's: one more piece for each byte in it.
        with open(current_app.config["DATA"] / "gate", "rb", buffering=0) as gate:
            number = 2
            while gate.read(1):
                yield f"piece {number} of {request.path}\n"
                number += 1

    return Response(stream_with_context(pieces()), mimetype="text/plain")
