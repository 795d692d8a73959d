"""Stand-in: the arguments of the command line, with those of tables and layouts."""

from tools.infer.utility import init_args as infer_args


def init_args():
    parser = infer_args()
    parser.add_argument("--table_model_dir", type=str)
    parser.add_argument("--table_max_len", type=int, default=488)
    parser.add_argument("--layout_model_dir", type=str)
    parser.add_argument("--layout_score_threshold", type=float, default=0.9)
    return parser


def parse_args():
    return init_args().parse_args()
