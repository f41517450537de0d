"""The last line of a page: the pages that a reader may want next. All are stated here, so that none leads to nowhere."""

SEE_ALSO = {
    "bad_data.md": "[First fit from a file](first_fit.md), [verdict](verdict.md)",
    "batches.md": "[On a cluster](cluster.md), [`hx.batch`](api/data.md#hx.batch)",
    "benchmarks.md": (
        "[Benchmarks of the homodyne-compatible functions](benchmarks_documented_api.md), [how it works](how_it_works.md)"
    ),
    "cluster.md": "[From folder to table](batches.md), [GPUs and many cores](many_cores.md)",
    "command_line.md": (
        "[First fit from a file](first_fit.md), [read a result](read_a_result.md), "
        "[troubleshooting](troubleshooting.md)"
    ),
    "configuration.md": "[The command line](command_line.md)",
    "embedding.md": "[Gallery](gallery.md), [how it works](how_it_works.md), [engine and solvers](api/engine.md)",
    "errors.md": "[Troubleshooting](troubleshooting.md), the reference of the [errors](api/errors.md)",
    "examples.md": "[Gallery](gallery.md)",
    "files.md": (
        "[First fit from a file](first_fit.md), [troubleshooting](troubleshooting.md#a-file-is-refused), "
        "[`hx.load`](api/data.md#hx.load)"
    ),
    "fitting.md": (
        "[Read a result](read_a_result.md), [troubleshooting](troubleshooting.md), [how it works](how_it_works.md)"
    ),
    "inference.md": "[Choose a model](choose_a_model.md)",
    "many_cores.md": "[How it works](how_it_works.md), [install](install.md#gpu)",
    "migration.md": (
        "[Choose a model](choose_a_model.md#which-kernel), [symbols and units](glossary.md#symbols-and-units)"
    ),
    "one_time.md": "[First fit from a file](first_fit.md), [data](api/data.md)",
    "report.md": "[Read a result](read_a_result.md), [`hx.FitResult`](api/fits.md#hx.FitResult)",
    "terms.md": (
        "[Choose a model](choose_a_model.md), the reference of [terms](api/terms.md), "
        "[rates](api/rates.md) and [kernels](api/kernels.md), [validation](validation.md)"
    ),
    "tutorials/write_your_own_term.md": (
        "[How it works](../how_it_works.md), [laws that are tested](../api/testing.md), "
        "[contributing](../contributing.md)"
    ),
    "uncertainties.md": "[Read a result](read_a_result.md#uncertainties)",
    "verdict.md": "[Read a result](read_a_result.md), [which model, how sure](inference.md)",
}


def on_page_markdown(markdown, page, **_):
    links = SEE_ALSO.get(page.file.src_uri)
    return f"{markdown.rstrip()}\n\nSee also: {links}.\n" if links else markdown
