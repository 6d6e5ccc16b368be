"""The fields the Gemini API knows, and reading a request as its proto-JSON parser does.

Both spellings (`maxOutputTokens`, `max_output_tokens`) are accepted and come out in camel case;
a name that does not exist is refused, as the real server refuses it. Objects that belong to the
caller (a function's arguments, a JSON Schema) are left alone.
"""

import re
from collections.abc import Mapping
from typing import Any

from sandbox.exchange import JsonObject, Refused, Reply, reply_json

# Field types: scalars, `any` (left alone), an `enum:` of names, the name of another message;
# a star means a list of it.
MESSAGES: Mapping[str, Mapping[str, str]] = {
    "GenerateContentRequest": {
        "model": "string", "contents": "Content*", "systemInstruction": "Content",
        "tools": "Tool*", "toolConfig": "ToolConfig", "safetySettings": "SafetySetting*",
        "generationConfig": "GenerationConfig", "cachedContent": "string",
        "serviceTier": "string", "labels": "any", "store": "bool", "continuationToken": "string",
    },
    "CountTokensRequest": {
        "model": "string", "contents": "Content*",
        "generateContentRequest": "GenerateContentRequest",
    },
    "Content": {"role": "string", "parts": "Part*"},
    "Part": {
        "text": "string", "inlineData": "Blob", "fileData": "FileData",
        "functionCall": "FunctionCall", "functionResponse": "FunctionResponse",
        "executableCode": "any", "codeExecutionResult": "any", "videoMetadata": "any",
        "mediaResolution": "any", "thought": "bool", "thoughtSignature": "string",
        "partMetadata": "any", "toolCall": "any", "toolResponse": "any",
    },
    "Blob": {"mimeType": "string", "data": "string", "displayName": "string"},
    "FileData": {"mimeType": "string", "fileUri": "string", "displayName": "string"},
    "FunctionCall": {
        "id": "string", "name": "string", "args": "any", "partialArgs": "any",
        "willContinue": "bool",
    },
    "FunctionResponse": {
        "id": "string", "name": "string", "response": "any", "parts": "any",
        "willContinue": "bool", "scheduling": "string",
    },
    "Tool": {
        "functionDeclarations": "FunctionDeclaration*", "googleSearch": "any",
        "googleSearchRetrieval": "any", "codeExecution": "any", "urlContext": "any",
        "computerUse": "any", "fileSearch": "any", "googleMaps": "any", "mcpServers": "any",
    },
    "FunctionDeclaration": {
        "name": "string", "description": "string", "parameters": "any",
        "parametersJsonSchema": "any", "response": "any", "responseJsonSchema": "any",
        "behavior": "string",
    },
    "ToolConfig": {
        "functionCallingConfig": "FunctionCallingConfig", "retrievalConfig": "any",
        "includeServerSideToolInvocations": "bool",
    },
    "FunctionCallingConfig": {
        "mode": "enum:MODE_UNSPECIFIED AUTO ANY NONE VALIDATED", "allowedFunctionNames": "string*",
    },
    "SafetySetting": {"category": "string", "threshold": "string"},
    "GenerationConfig": {
        "temperature": "number", "topP": "number", "topK": "number", "candidateCount": "int",
        "maxOutputTokens": "int", "stopSequences": "string*", "seed": "int",
        "presencePenalty": "number", "frequencyPenalty": "number", "responseLogprobs": "bool",
        "logprobs": "int", "responseMimeType": "string", "responseSchema": "any",
        "responseJsonSchema": "any", "responseModalities": "string*",
        "thinkingConfig": "ThinkingConfig", "speechConfig": "any", "imageConfig": "any",
        "mediaResolution": "string", "enableEnhancedCivicAnswers": "bool",
        "responseFormat": "any",
    },
    "ThinkingConfig": {
        "includeThoughts": "bool", "thinkingBudget": "int",
        "thinkingLevel": "enum:THINKING_LEVEL_UNSPECIFIED MINIMAL LOW MEDIUM HIGH XHIGH",
    },
}  # fmt: skip

PART_DATA = (
    "text", "inlineData", "fileData", "functionCall", "functionResponse", "executableCode",
    "codeExecutionResult", "toolCall", "toolResponse",
)  # fmt: skip

SCALARS: Mapping[str, tuple[str, tuple[type, ...]]] = {
    "string": ("TYPE_STRING", (str,)),
    "int": ("TYPE_INT32", (int,)),
    "number": ("TYPE_FLOAT", (int, float)),
    "bool": ("TYPE_BOOL", (bool,)),
}


def read(data: object, message: str) -> JsonObject:
    """The request in camel case; raises `Refused` with the real server's 400."""
    if not isinstance(data, dict):
        raise Refused(
            reply_json(
                400,
                {
                    "error": {
                        "code": 400,
                        "message": "Invalid JSON payload received. Unexpected end of string.",
                        "status": "INVALID_ARGUMENT",
                    }
                },
            )
        )
    violations: list[tuple[str, str]] = []
    request = _object(data, message, "", violations)
    if violations:
        raise Refused(_refusal(violations))
    return request


def unknown_field(name: str, where: str) -> Reply:
    """The refusal of one field that does not exist."""
    return _refusal([(where, _unknown(name, where))])


def camel(name: str) -> str:
    """A field's name in camel case."""
    return re.sub(r"_([a-z0-9])", lambda found: found[1].upper(), name)


def snake(name: str) -> str:
    """A field's name in snake case, which is how errors spell it."""
    return re.sub(r"([A-Z])", lambda found: f"_{found[1].lower()}", name)


def _object(data: JsonObject, message: str, where: str, wrong: list[tuple[str, str]]) -> JsonObject:
    known = MESSAGES[message]
    result: JsonObject = {}
    for given, value in data.items():
        name = camel(given)
        if name not in known:
            wrong.append((where, _unknown(given, where)))
        elif value is not None:
            path = f"{where}.{snake(name)}" if where else snake(name)
            result[name] = _value(value, known[name], path, wrong)
    return result


def _value(value: Any, kind: str, where: str, wrong: list[tuple[str, str]]) -> Any:
    if kind.endswith("*"):
        items = value if isinstance(value, list) else [value]  # proto-JSON forgives a lone item
        return [
            _value(item, kind[:-1], f"{where}[{index}]", wrong) for index, item in enumerate(items)
        ]
    if kind == "any":
        return value
    if kind.startswith("enum:"):
        if str(value).upper() not in kind.removeprefix("enum:").split():
            wrong.append((where, f"Invalid value at '{where}' (TYPE_ENUM), {value!r}"))
        return value
    if kind in SCALARS:
        return _scalar(value, kind, where, wrong)
    if not isinstance(value, dict):
        wrong.append((where, f"Invalid value at '{where}' ({kind}), {value!r}"))
        return {}
    return _object(value, kind, where, wrong)


def _scalar(value: Any, kind: str, where: str, wrong: list[tuple[str, str]]) -> Any:
    proto_name, types = SCALARS[kind]
    if kind == "int" and isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, types) or (isinstance(value, bool) and kind != "bool"):
        quoted = f'"{value}"' if isinstance(value, str) else value
        wrong.append((where, f"Invalid value at '{where}' ({proto_name}), {quoted}"))
    return value


def _unknown(name: str, where: str) -> str:
    place = f" at '{where}'" if where else ""
    return f'Invalid JSON payload received. Unknown name "{name}"{place}: Cannot find field.'


def _refusal(violations: list[tuple[str, str]]) -> Reply:
    details = {
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        "fieldViolations": [
            {"field": field, "description": text} if field else {"description": text}
            for field, text in violations
        ],
    }
    message = "\n".join(text for _, text in violations)
    error = {"code": 400, "message": message, "status": "INVALID_ARGUMENT", "details": [details]}
    return reply_json(400, {"error": error}, content_type="application/json; charset=UTF-8")
