from flask import Blueprint, jsonify, request, session

blueprint = Blueprint("basket", __name__)


@blueprint.get("/")
def show():
    return jsonify(session.get("basket", []))


@blueprint.post("/")
def add():
    session["basket"] = session.get("basket", []) + [request.form["article"]]
    return jsonify(session["basket"]), 201
