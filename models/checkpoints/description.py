"""What was found in a checkpoint, for people."""

from collections.abc import Mapping

from models.checkpoints.checkpoint import Checkpoint
from models.checkpoints.weight_files import printable, quoted
from models.costs import network_cost
from models.normalisation import NORMALISATION
from models.scaling import FAMILIES, SCALINGS, scaled_widths


def describe(checkpoint: Checkpoint, measured: Mapping[str, str] | None = None) -> str:
    """What was found in a checkpoint, followed by what was measured on it, as two aligned columns of plain text."""
    scaling, traits, style = checkpoint.run_scaling, FAMILIES[checkpoint.family], checkpoint.key_style
    widths = scaled_widths(scaling, checkpoint.family)
    named = [name for name, other in SCALINGS.items() if scaled_widths(other, checkpoint.family) == widths]
    cost = network_cost(scaling, checkpoint.num_classes, checkpoint.family, checkpoint.hidden)
    dtypes = sorted({str(tensor.dtype).removeprefix("torch.") for tensor in checkpoint.state_dict.values()})
    padded = f"{traits.activation}, {traits.padding} padding, BatchNorm eps {traits.batchnorm_eps:g}"
    rows = [
        ("file", str(checkpoint.path)),
        ("size", f"{checkpoint.path.stat().st_size:,} bytes"),
        ("sha256", checkpoint.sha256),
        ("key style", f"{style}, in {checkpoint.entry}" if checkpoint.entry else style),
        *([("other networks", quoted(checkpoint.others, 6))] if checkpoint.others else []),
        ("family", f"{checkpoint.family} ({padded}); {checkpoint.family_origin}"),
        ("normalisation", f"{checkpoint.normalisation}; {checkpoint.normalisation_origin}"),
        ("width", str(float(scaling.width_mult))),
        ("depth", str(float(scaling.depth_mult))),
        ("resolution", str(checkpoint.scaling.resolution)),
        ("dropout", str(float(scaling.dropout))),
        ("named scaling", ", ".join(named) or "none"),
        ("parameters", f"{cost.params:,}"),
        ("MACs", f"{cost.macs:,} at {scaling.input_size} px"),
        ("classes", f"{checkpoint.num_classes:,}"),
        ("types", ", ".join(dtypes)),
        *(("note", note) for note in checkpoint.notes),
        *(
            (printable(key, 40), _abbreviated(value))
            for key, value in checkpoint.metadata.items()
            if key != NORMALISATION
        ),
        *(measured or {}).items(),
    ]
    column = max(len(name) for name, _ in rows) + 2
    return "\n".join(f"{name:<{column}}{value}" for name, value in rows)


def _abbreviated(value: object) -> str:
    if isinstance(value, list) and len(value) > 4:
        return f"{_abbreviated(value[:3])}, ... ({len(value):,} in all)"
    if isinstance(value, list):
        return ", ".join(map(_abbreviated, value))
    if isinstance(value, dict):
        return ", ".join(f"{printable(key)} {_abbreviated(item)}" for key, item in value.items())
    return printable(str(value))
