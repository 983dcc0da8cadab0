"""Models that a person runs: in this process through transformers, or behind a server's URL.

`chat_model.LocalChatModel` is the first, `server.server_model` the second; `load_model` makes
both by name. What happens to a call of the first, in order:

    checkpoint   the folder: is it a chat model, what feeds it
    template     what its chat template takes, found by trying; prompts
    turns        LangChain's messages as the template's turns, pictures apart
    reader       these together: messages and tools in, tensors out
    weights      loaded once per process, refused where they do not fit
    writing      tokens, one reply at a time, stopped when time is out
    decoding     tokens to text; `pieces` and `call_forms`: text to words, thoughts, calls
    reply        all of that as LangChain's chunks
"""
