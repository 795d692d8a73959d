"""Stand-in: the parameters that overrule the command line's."""


class Config(object):
    pass


def read_params():
    cfg = Config()
    cfg.layout_model_dir = "./inference/layout/"
    cfg.layout_score_threshold = 0.5
    return cfg
